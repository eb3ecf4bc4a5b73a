//! Why a sandbox did not start, and what to do about it.

use std::io;

use hongyan_sandbox::StartError;

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::said::{Said, said};

/// In both languages, with an exit code.
pub(crate) fn not_started(error: &StartError) -> Trouble {
    let folder = || said("choose another folder with --dir", "请用 --dir 指定另一个文件夹");
    let (exit, zh, next) = match error {
        StartError::Listen(address, error) => {
            (Exit::Unavailable, format!("无法监听 {address}：{error}"), port(error.kind()))
        }
        StartError::Folder(path, error) => {
            (Exit::CannotCreate, format!("无法把邮件存入 {}：{error}", path.display()), folder())
        }
        StartError::FolderInUse(path) => {
            let next = said(
                "end that one, or choose another folder with --dir",
                "请结束它，或用 --dir 指定另一个文件夹",
            );
            (Exit::CannotCreate, format!("另一个沙箱正把邮件存在 {}", path.display()), next)
        }
        StartError::CaFile(path, error) => {
            let next = said("choose another file with --ca", "请用 --ca 指定另一个文件");
            (Exit::CannotCreate, format!("无法把证书写入 {}：{error}", path.display()), next)
        }
        StartError::Certificate(name, error) => {
            let next = said("choose another host name", "请换一个主机名");
            (Exit::Usage, format!("无法为 {name} 制作证书：{error}"), next)
        }
        StartError::Exposed(address) => {
            let next = said("listen on 127.0.0.1", "请监听 127.0.0.1");
            (Exit::Usage, format!("其他机器也能访问 {address}"), next)
        }
        StartError::NoListener => {
            let next = said("name a port, as with --smtp 2525", "请指定端口，例如 --smtp 2525");
            (Exit::Usage, "没有可以监听的端口".to_owned(), next)
        }
    };
    // What the error itself says to do is said in `next`, in both languages.
    let en = error.to_string();
    let en = en.split("; ").next().unwrap_or(&en);
    Trouble::new(exit, said(en, zh), next)
}

fn port(kind: io::ErrorKind) -> Said {
    match kind {
        io::ErrorKind::AddrInUse => {
            said("another program has it: choose another port, or 0", "该端口已被占用：请换一个端口，或用 0")
        }
        io::ErrorKind::PermissionDenied => said(
            "ports below 1024 are for root: choose a higher one",
            "1024 以下的端口需要 root 权限：请用更大的端口",
        ),
        _ => said("choose an address of this machine, such as 127.0.0.1", "请用本机的地址，例如 127.0.0.1"),
    }
}
