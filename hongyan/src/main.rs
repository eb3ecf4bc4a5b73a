//! The program `hongyan`; called as `send` or `recv` it is that command.

fn main() -> std::process::ExitCode {
    hongyan::cli::main()
}
