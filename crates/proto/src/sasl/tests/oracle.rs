//! Both sides against an independent implementation (rsasl), which speaks all but CRAM-MD5.

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::oauthbearer::properties::OAuthBearerValidate;
use rsasl::mechanisms::scram::properties::ScramStoredPassword;
use rsasl::mechanisms::scram::tools::{derive_keys, hash_password};
use rsasl::mechanisms::xoauth2::properties::XOAuth2Validate;
use rsasl::prelude::{
    ChannelBindingCallback, Mechanism, Mechname, Registry, SASLClient, SASLConfig, SASLServer, SessionError,
    State, Validation,
};
use rsasl::property::{AuthId, AuthzId, OAuthBearerKV, OAuthBearerToken, Password};
use rsasl::validate::{Validate, ValidationError};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::*;

const USER: &str = "user";
const SECRET: &str = "p,e=n cil";
const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
const EXPORTER: [u8; 32] = [7; 32];

/// Plays the user at rsasl's client and the password file at its server.
struct Theirs;

struct LoggedIn;

impl Validation for LoggedIn {
    type Value = String;
}

impl SessionCallback for Theirs {
    fn callback(
        &self,
        session: &SessionData,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        let mechanism = session.mechanism().mechanism.as_str();
        if mechanism == "OAUTHBEARER" || mechanism == "EXTERNAL" {
            request.satisfy::<AuthzId>(USER)?;
        }
        request.satisfy::<AuthId>(USER)?.satisfy::<Password>(SECRET.as_bytes())?;
        request.satisfy::<OAuthBearerToken>(TOKEN)?;
        request.satisfy::<OAuthBearerKV>(&[("host", "mx.example"), ("port", "25")])?;
        if mechanism == "XOAUTH2" && context.get_ref::<OAuthBearerToken>().is_some() {
            let right = context.get_ref::<OAuthBearerToken>() == Some(TOKEN);
            request.satisfy::<XOAuth2Validate>(&if right { Ok(()) } else { Err("{}") })?;
        }
        if mechanism == "OAUTHBEARER" && context.get_ref::<OAuthBearerToken>().is_some() {
            request.satisfy::<OAuthBearerValidate>(&Ok(()))?;
        }
        let salt = b"a salt";
        if mechanism.starts_with("SCRAM-SHA-256") {
            let mut salted = Default::default();
            hash_password::<Sha256>(SECRET.as_bytes(), 4096, salt, &mut salted);
            let (client, server) = derive_keys::<Sha256>(&salted);
            let stored = Sha256::digest(client);
            request.satisfy::<ScramStoredPassword<'_>>(&ScramStoredPassword::new(
                4096, salt, &stored, &server,
            ))?;
        } else if mechanism.starts_with("SCRAM-SHA-1") {
            let mut salted = Default::default();
            hash_password::<Sha1>(SECRET.as_bytes(), 4096, salt, &mut salted);
            let (client, server) = derive_keys::<Sha1>(&salted);
            let stored = Sha1::digest(client);
            request.satisfy::<ScramStoredPassword<'_>>(&ScramStoredPassword::new(
                4096, salt, &stored, &server,
            ))?;
        }
        Ok(())
    }

    fn validate(
        &self,
        session: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        let mechanism = session.mechanism().mechanism.as_str();
        let right = match mechanism {
            "PLAIN" | "LOGIN" => {
                context.get_ref::<AuthId>() == Some(USER)
                    && context.get_ref::<Password>() == Some(SECRET.as_bytes())
            }
            "EXTERNAL" => context.get_ref::<AuthzId>() == Some(USER),
            "OAUTHBEARER" => {
                context.get_ref::<AuthzId>() == Some(USER)
                    && context.get_ref::<OAuthBearerToken>() == Some(&format!("Bearer {TOKEN}"))
            }
            "XOAUTH2" => {
                context.get_ref::<AuthId>() == Some(USER)
                    && context.get_ref::<OAuthBearerToken>() == Some(TOKEN)
            }
            _ => context.get_ref::<AuthId>() == Some(USER),
        };
        if right {
            validate.with::<LoggedIn, _>(|| Ok(USER.to_string()))?;
        }
        Ok(())
    }

    fn enable_channel_binding(&self) -> bool {
        true
    }
}

struct Exporter;

impl ChannelBindingCallback for Exporter {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        (name == "tls-exporter").then_some(&EXPORTER[..])
    }
}

/// The mechanisms that both implementations speak; theirs takes the only one it is given.
static SHARED: [(&str, [Mechanism; 1]); 9] = [
    ("EXTERNAL", [rsasl::mechanisms::external::EXTERNAL]),
    ("SCRAM-SHA-256-PLUS", [rsasl::mechanisms::scram::SCRAM_SHA256_PLUS]),
    ("SCRAM-SHA-1-PLUS", [rsasl::mechanisms::scram::SCRAM_SHA1_PLUS]),
    ("SCRAM-SHA-256", [rsasl::mechanisms::scram::SCRAM_SHA256]),
    ("SCRAM-SHA-1", [rsasl::mechanisms::scram::SCRAM_SHA1]),
    ("OAUTHBEARER", [rsasl::mechanisms::oauthbearer::OAUTHBEARER]),
    ("XOAUTH2", [rsasl::mechanisms::xoauth2::XOAUTH2]),
    ("PLAIN", [rsasl::mechanisms::plain::PLAIN]),
    ("LOGIN", [rsasl::mechanisms::login::LOGIN]),
];

fn config(mechanisms: &'static [Mechanism]) -> Arc<SASLConfig> {
    let registry = Registry::with_mechanisms(mechanisms);
    SASLConfig::builder().with_registry(registry).with_callback(Theirs).expect("a configuration")
}

fn secret(mechanism: &str) -> &'static str {
    if mechanism.contains("OAUTH") { TOKEN } else { SECRET }
}

#[test]
fn their_client_logs_in_at_our_server() {
    for (mechanism, theirs) in &SHARED {
        let mechanism = *mechanism;
        let info = TlsInfo { exporter: Some(EXPORTER.into()), ..TlsInfo::default() };
        let channel = Channel { tls: Some(&info), host: "mx.example", port: 25 };
        let mut ours =
            Acceptor::new(mechanism, &[mechanism], channel, one(USER, secret(mechanism))).expect("a start");
        let name = Mechname::parse(mechanism.as_bytes()).expect("a name");
        let mut theirs =
            SASLClient::with_cb(config(theirs), Exporter).start_suggested(&[name]).expect("a start");
        let mut challenge = ours.first();
        let mut first = true;
        let user = loop {
            let mut message = Vec::new();
            let input = (!first || mechanism == "LOGIN").then_some(challenge.as_slice());
            theirs.step(input, &mut message).expect(mechanism);
            first = false;
            match ours.step(&message) {
                Accept::Challenge(next) => challenge = next,
                Accept::Success { user } => break user,
                Accept::Refused(error) => panic!("{error}"),
            }
        };
        assert_eq!(user, USER, "{mechanism}");
    }
}

#[test]
fn our_client_logs_in_at_their_server() {
    for (mechanism, theirs) in &SHARED {
        let mechanism = *mechanism;
        let info = TlsInfo { exporter: Some(EXPORTER.into()), ..TlsInfo::default() };
        let channel = Channel { tls: Some(&info), host: "mx.example", port: 25 };
        let credentials = match mechanism {
            "EXTERNAL" => Credentials { user: USER.into(), proof: Proof::Certificate },
            "OAUTHBEARER" | "XOAUTH2" => token(USER, TOKEN),
            _ => password(USER, SECRET),
        };
        let name = Mechname::parse(mechanism.as_bytes()).expect("a name");
        let mut theirs = SASLServer::<LoggedIn, _>::with_cb(config(theirs), Exporter)
            .start_suggested(name)
            .expect("a start");
        let mut ours = Exchange::start(mechanism, &[mechanism], &credentials, channel).expect("a start");
        let mut message = ours.initial();
        loop {
            let mut challenge = Vec::new();
            let state = theirs.step(message.as_deref(), &mut challenge).expect(mechanism);
            if !matches!(state, State::Finished(_)) || !challenge.is_empty() {
                message = Some(ours.respond(&challenge).expect(mechanism));
            }
            if matches!(state, State::Finished(_)) {
                break;
            }
        }
        assert_eq!(ours.finish(), Ok(()), "{mechanism}");
        assert_eq!(theirs.validation().as_deref(), Some(USER), "{mechanism}");
    }
}
