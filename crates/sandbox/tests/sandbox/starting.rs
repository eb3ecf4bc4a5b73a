//! Starting and stopping: addresses, ports, the certificate, and errors that say what to do.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hongyan_sandbox::{Config, Keep, Limits, Sandbox, Service, StartError};

use crate::client::{Client, Folder, start};

#[tokio::test]
async fn free_ports_are_taken_and_told() {
    let sandbox = start(Config::default()).await;
    let ports: Vec<_> = Service::ALL.map(|service| sandbox.at(service).expect("a port")).into();
    assert!(ports.iter().all(|at| at.ip().is_loopback() && at.port() != 0));
    assert_eq!(ports.iter().collect::<HashSet<_>>().len(), Service::ALL.len());
    assert!(sandbox.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(sandbox.ca_file(), None);
}

#[tokio::test]
async fn an_address_that_others_can_reach_must_be_meant() {
    for address in
        [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED), "192.0.2.1".parse().unwrap()]
    {
        let refused = Sandbox::start(Config { address, ..Config::default() }).await;
        assert!(matches!(refused, Err(StartError::Exposed(a)) if a == address));
    }
    let all = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let sandbox = start(Config { address: all, exposed: true, ..Config::default() }).await;
    drop(sandbox);
    let error = StartError::Exposed(all).to_string();
    assert_eq!(
        error,
        "0.0.0.0 can be reached from other machines; listen on 127.0.0.1, or say that this is meant"
    );
}

#[tokio::test]
async fn ipv6_works_where_the_machine_has_it() {
    let config = Config { address: IpAddr::V6(Ipv6Addr::LOCALHOST), ..Config::default() };
    match Sandbox::start(config).await {
        Ok(sandbox) => assert!(Client::hello(&sandbox).await.send("x\r\n").await.starts_with("250")),
        Err(error) => eprintln!("SKIPPED: no IPv6 on this machine ({error})"),
    }
}

#[tokio::test]
async fn errors_name_the_thing_and_the_next_step() {
    let first = start(Config { smtps: None, ..Config::default() }).await;
    let taken = first.smtp().map(|at| at.port());
    let error = Sandbox::start(Config { smtp: taken, ..Config::default() }).await.expect_err("taken");
    assert!(error.to_string().contains("another program has it, choose another port or 0"), "{error}");

    let none = Config::default().closed();
    assert!(matches!(Sandbox::start(none).await, Err(StartError::NoListener)));

    let folder = Folder::new("errors");
    std::fs::write(&folder.0, "a file").expect("it can be written");
    let config = Config { keep: Keep::Folder(folder.0.clone()), ..Config::default() };
    let error = Sandbox::start(config).await.expect_err("a file in the way").to_string();
    assert!(error.starts_with(&format!("cannot keep mail in {}", folder.0.display())), "{error}");
    std::fs::remove_file(&folder.0).expect("it is there");

    let config = Config { ca_file: Some(folder.0.join("no/such/folder/ca.pem")), ..Config::default() };
    let error = Sandbox::start(config).await.expect_err("no such folder").to_string();
    assert!(error.starts_with("cannot write the certificate to "), "{error}");
}

#[tokio::test]
async fn a_folder_has_one_sandbox_at_a_time_and_goes_on_counting() {
    let folder = Folder::new("again");
    let config = Config { keep: Keep::Folder(folder.0.clone()), smtps: None, ..Config::default() };
    let sandbox = start(config.clone()).await;
    let ca = std::fs::read_to_string(folder.0.join("ca.pem")).expect("it is written");
    assert_eq!((ca.as_str(), sandbox.ca_file()), (sandbox.ca_pem(), Some(&*folder.0.join("ca.pem"))));
    assert!(matches!(Sandbox::start(config.clone()).await, Err(StartError::FolderInUse(_))));
    assert_eq!(Client::hello(&sandbox).await.send("x\r\n").await, "250 2.0.0 kept as 1");
    sandbox.stop().await;

    let leftover = folder.0.join(".tmp/00000002.eml");
    std::fs::write(&leftover, "half a mess").expect("it can be written");
    let sandbox = start(config).await;
    assert!(!leftover.exists());
    assert_eq!(sandbox.store().ids().expect("it can be listed"), [1]);
    assert_eq!(Client::hello(&sandbox).await.send("y\r\n").await, "250 2.0.0 kept as 2");
}

#[tokio::test]
async fn stopping_lets_a_message_arrive_and_tells_the_others() {
    let sandbox = start(Config::default()).await;
    let store = sandbox.store().clone();
    let mut idle = Client::hello(&sandbox).await;
    let mut busy = Client::hello(&sandbox).await;
    busy.say("MAIL FROM:<a@x>").await;
    busy.say("RCPT TO:<b@x>").await;
    assert!(busy.say("DATA").await.starts_with("354"));
    busy.write(b"half of it\r\n").await;
    let at = sandbox.smtp().expect("a port");
    let (told, sent, ()) = tokio::join!(
        idle.reply(),
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let sent = busy.say("and the rest\r\n.").await;
            (sent, busy.reply().await)
        },
        sandbox.stop()
    );
    let goodbye = "421 4.3.2 this server is shutting down";
    assert_eq!(told, goodbye);
    assert_eq!(sent, ("250 2.0.0 kept as 1".to_string(), goodbye.to_string()));
    assert_eq!(store.get(1).expect("no error").expect("kept").envelope.size, 26);
    assert!(tokio::net::TcpStream::connect(at).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let limits = Limits { stopping: Duration::from_millis(100), ..Limits::default() };
    let sandbox = start(Config { limits, ..Config::default() }).await;
    let mut stuck = Client::hello(&sandbox).await;
    stuck.say("MAIL FROM:<a@x>").await;
    stuck.say("RCPT TO:<b@x>").await;
    stuck.say("DATA").await;
    sandbox.stop().await;
    assert_eq!(stuck.reply().await, "");
}
