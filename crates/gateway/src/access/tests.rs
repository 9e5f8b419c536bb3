use super::*;

/// `bcrypt` of "secret" and of "reading", cost 4.
fn users() -> Htpasswd {
    let line =
        |name: &str, password: &str| format!("{name}:{}\n", bcrypt::hash(password, 4).unwrap());
    let text = format!(
        "# users\n\n{}{}",
        line("alice", "secret"),
        line("rob", "reading")
    );
    Htpasswd::parse(&text).unwrap()
}

fn headers(name: &str, password: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = format!("basic {}", STANDARD.encode(format!("{name}:{password}")));
    headers.insert(AUTHORIZATION, value.parse().unwrap());
    headers
}

fn options(users: Option<Htpasswd>, anonymous: Option<Anonymous>) -> AccessOptions {
    AccessOptions {
        users,
        readers: Vec::new(),
        anonymous,
    }
}

#[test]
fn what_nobody_in_particular_may_do() {
    use Anonymous::{Nothing, Read, Write};
    use Exposure::{Loopback, Plain, Tls};
    for (exposure, with_users, asked, may) in [
        (Loopback, false, None, Write),
        (Loopback, false, Some(Read), Write),
        (Tls, false, None, Read),
        (Plain, false, None, Read),
        (Plain, false, Some(Write), Write),
        (Loopback, true, None, Nothing),
        (Loopback, true, Some(Read), Read),
        (Loopback, true, Some(Write), Write),
        (Tls, true, None, Nothing),
        (Tls, true, Some(Read), Read),
    ] {
        let options = options(with_users.then(users), asked);
        let access = Access::new(options, exposure).unwrap();
        assert_eq!(
            access.anonymous(),
            may,
            "{exposure:?} {with_users} {asked:?}"
        );
    }
    let error = Access::new(options(Some(users()), None), Plain).unwrap_err();
    assert_eq!(error, AccessError::PasswordsInTheClear);
}

#[test]
fn readers_have_to_be_users() {
    let reader = |name: &str, users| {
        let options = AccessOptions {
            readers: vec![name.to_owned()],
            ..options(users, None)
        };
        Access::new(options, Exposure::Loopback)
    };
    assert!(reader("rob", Some(users())).is_ok());
    for users in [Some(users()), None] {
        let error = reader("carol", users).unwrap_err();
        assert!(matches!(error, AccessError::UnknownReader { name } if name == "carol"));
    }
}

#[test]
fn files_that_cannot_be_used() {
    let hash = bcrypt::hash("x", 4).unwrap();
    for (text, what) in [
        (String::new(), "no users"),
        ("# nobody\n".to_owned(), "no users"),
        ("alice\n".to_owned(), "line 1"),
        (format!(":{hash}\n"), "line 1"),
        (format!("a:{hash}\nb:{{SHA}}x\n"), "\"b\" (line 2"),
        ("a:$apr1$x$y\n".to_owned(), "bcrypt"),
        ("a:$2y$10$short\n".to_owned(), "bcrypt"),
        (format!("a:{hash}\na:{hash}\n"), "twice"),
    ] {
        let error = Htpasswd::parse(&text).unwrap_err().to_string();
        assert!(error.contains(what), "{text:?}: {error}");
    }
    // What other programs write in front.
    let other = hash.replacen("$2b$", "$2y$", 1);
    assert!(
        Htpasswd::parse(&format!("a:{other}\r\n"))
            .unwrap()
            .contains("a")
    );
}

#[tokio::test]
async fn logins() {
    let options = AccessOptions {
        readers: vec!["rob".to_owned()],
        ..options(Some(users()), None)
    };
    let access = Access::new(options, Exposure::Loopback).unwrap();
    let alice = User::Named("alice".into());
    for _ in 0..2 {
        // The second time from memory.
        assert_eq!(
            access.user(&headers("alice", "secret")).await.unwrap(),
            alice
        );
        for (name, password) in [
            ("alice", "wrong"),
            ("alice", ""),
            ("alice\nsecret", ""),
            ("carol", "secret"),
            ("", "secret"),
        ] {
            let denial = access.user(&headers(name, password)).await.unwrap_err();
            assert!(matches!(denial, Denial::Login(_)), "{name}:{password}");
        }
    }
    let mut junk = HeaderMap::new();
    for text in ["Basic", "Basic !!", "Bearer abc", "Basic YWxpY2U="] {
        junk.insert(AUTHORIZATION, text.parse().unwrap());
        assert!(access.user(&junk).await.is_err(), "{text}");
    }
    let nobody = access.user(&headers("", "")).await.unwrap();
    assert_eq!(nobody, User::Anonymous);
    assert_eq!(
        access.user(&HeaderMap::new()).await.unwrap(),
        User::Anonymous
    );

    let rob = User::Named("rob".into());
    assert!(access.check(&alice, Need::Write).is_ok());
    assert!(access.check(&rob, Need::Read).is_ok());
    assert!(matches!(
        access.check(&rob, Need::Write),
        Err(Denial::Forbidden)
    ));
    for need in [Need::Read, Need::Write] {
        let denial = access.check(&User::Anonymous, need).unwrap_err();
        assert!(matches!(denial, Denial::Login(_)));
    }
}

#[tokio::test]
async fn where_nobody_can_log_in_a_login_is_not_looked_at() {
    let access = Access::new(AccessOptions::default(), Exposure::Plain).unwrap();
    let user = access.user(&headers("alice", "secret")).await.unwrap();
    assert_eq!(user, User::Anonymous);
    assert!(access.check(&user, Need::Read).is_ok());
    assert!(matches!(
        access.check(&user, Need::Write),
        Err(Denial::Forbidden)
    ));
}
