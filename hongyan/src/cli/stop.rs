//! Being asked to end: a server that runs in the foreground ends in good order.

use super::exit::Exit;
use super::trouble::Trouble;
use crate::said::said;

/// Ctrl-C, or what else asks a program to end.
pub(crate) struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// From now on the program ends in good order.
    #[cfg(unix)]
    pub(crate) fn install() -> Result<Self, Trouble> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Trouble::new(
                    Exit::Io,
                    said(format!("no signals can be heard: {error}"), format!("无法接收信号：{error}")),
                    said("look whether too many files are open", "请检查打开的文件是否过多"),
                )
            })
        };
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    #[cfg(not(unix))]
    pub(crate) fn install() -> Result<Self, Trouble> {
        Ok(Self {})
    }

    /// Waits for it.
    #[cfg(unix)]
    pub(crate) async fn asked(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn asked(self) {
        // Where that cannot be listened for, the program is ended as any other.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
