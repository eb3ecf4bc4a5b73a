//! `runm OUTFILE COMMAND ARG…`: runs the command and writes "wall user sys maxrss_kib status" of the
//! whole process tree it waited for. A small parent, so that the child's peak RSS is its own.
use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus},
    time::Instant,
};

fn main() {
    let a: Vec<_> = env::args_os().skip(1).collect();
    let t = Instant::now();
    let child = Command::new(&a[1]).args(&a[2..]).spawn().expect("spawn");
    let (mut status, mut ru) = (0, unsafe { std::mem::zeroed::<libc::rusage>() });
    unsafe { libc::wait4(child.id() as i32, &mut status, 0, &mut ru) };
    let wall = t.elapsed().as_secs_f64();
    let s = |tv: libc::timeval| tv.tv_sec as f64 + tv.tv_usec as f64 / 1e6;
    let code = ExitStatus::from_raw(status).code().unwrap_or(-1);
    fs::write(&a[0], format!("{wall} {} {} {} {code}", s(ru.ru_utime), s(ru.ru_stime), ru.ru_maxrss))
        .unwrap();
}
