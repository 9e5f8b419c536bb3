//! Registries over the network, and our own server.

super::group! {
    "Registries and servers"
    Offline
    "With `--offline` nothing is fetched, and a package is neither in the cache nor in a directory. The message names everything that is missing. A package in the cache counts where this user fetched it, or where the lock file has the hash of its tree."
    ["nothing may be fetched, and this is in no cache: acme/demo 1.2.3"]
    "Run `tofu-oci install` once where the registries can be reached, with the same `--cache-dir`. To carry packages to a machine without a network, carry a directory of layouts and name it with `--from dir:PATH`.";
    RegistryUnreachable
    "No connection to the registry comes about: the name is wrong, nothing listens, or a firewall is in between."
    ["cannot read the tags of oci.example.com/acme/demo", "cannot reach oci.example.com: Connection refused"]
    "Check host and port, and whether a proxy is needed (HTTPS_PROXY) or not (NO_PROXY). `-vv` shows every request.";
    TlsFailed
    "The certificate of the registry is not trusted, is for another name, or is too old."
    ["the TLS connection to oci.example.com is refused: invalid peer certificate: UnknownIssuer"]
    "Trust a private authority with `--ca-file FILE`, or TOFU_OCI_CA_FILE in pipelines. That of `tofu-oci serve --tls local` is `DIR/tls/ca.pem`. For `NotValidForName` use the name that the certificate has, or serve with `--tls-name`.";
    PlainHttp
    "The registry answers without TLS, and is not on this machine."
    ["oci.example.com answers in plain HTTP"]
    "Give the registry a certificate. Where plain HTTP is meant to be, allow it for this host: `--plain-http HOST`.";
    PlainCredential
    "A credential is configured for a registry that is reached without TLS, where everybody in between could read it."
    ["oci.example.com wants a credential, and it is reached by plain HTTP"]
    "Give the registry a certificate (`serve` makes one with `--tls local`), or say with `--plain-http HOST` that the credential may travel in the clear.";
    RegistryTimeout
    "The registry accepted the connection and then said nothing for too long."
    ["oci.example.com did not answer in time, while listing the tags of acme/demo"]
    "Run the command again: what was stored is not sent again. Where it is always the same step, look at the registry's own log.";
    AccessDenied
    "There is no credential, it is wrong or too old, or the account lacks the right. Some registries say so of repositories that do not exist."
    ["oci.example.com refuses listing the tags of oci.example.com/acme/demo: 401 UNAUTHORIZED: log in with a name and a password of this registry"]
    "`tofu-oci login HOST`. With 403, ask for the right to push (`packages: write` for GITHUB_TOKEN, a deploy token with `write_registry` on GitLab), or create the repository first.";
    CredentialUnusable
    "A credentials file or a credential helper is configured for this registry, and does not work. Nobody goes on without it, because that would hide the reason."
    ["the credential helper \"docker-credential-pass\" is not on the PATH"]
    "Install the helper, correct the file, or move it away and log in again: what is damaged is left as it is. Run `docker-credential-NAME` by hand to see what it says.";
    LoginRefused
    "The registry asks for a credential in a way that would give it to somebody else, or in one that is not known."
    ["oci.example.com asks for a credential in a way that is refused: it sends to a place without TLS"]
    "Tell who runs the registry: behind a proxy it has to know its own `https` address. Credentials go only to where they belong.";
    RateLimited
    "The registry limits requests, and asks to wait for longer than a minute."
    ["registry-1.docker.io limits requests, while listing the tags of acme/demo: 429"]
    "Log in, which raises the limit on many registries; wait; or work on fewer packages at once with `--jobs`.";
    RegistryRefused
    "The registry understood the request and does not accept it. Its answer is in the cause."
    ["oci.example.com does not accept storing the manifest 1.2.3 in oci.example.com/acme/demo: 409 DENIED: the tag is that of a version and names other content, which does not change"]
    "404: create the repository or project first. 409: the version exists. 413: a proxy limits the size of requests. 400 or 415: the registry takes listed types only; `--plain` publishes what clients need and nothing beside it.";
    RegistryFailed
    "The registry answers with an error of its own, five times in a row."
    ["oci.example.com failed, while storing the blob: 503"]
    "Run the command again later: what was stored is not sent again. 507 means that its disk is full.";
    RegistryUnsupported
    "The registry lacks an ability, such as deleting."
    ["oci.example.com does not support deleting 1.2.3: 405"]
    "Who runs the registry may be able to allow it; some delete by digest only, or on their web page.";
    RegistryInvalid
    "An answer is not that of a registry, or sends us to a place where requests do not go."
    ["oci.example.com gives an invalid answer, while listing the tags of oci.example.com/acme/demo: it is no list of tags"]
    "Check that the host is that of a registry and not of its web page. A registry behind a proxy has to answer with its public address.";
    NetworkConfiguration
    "A file of certificates or the address of a proxy cannot be used."
    ["the certificate file `empty.pem` cannot be used: it holds no certificate in PEM form"]
    "Correct what the message names. Certificates are in PEM form: text that begins with `BEGIN CERTIFICATE` between hyphens.";
    CertificateFile
    "A file that `--ca-file`, `--client-cert` or `--client-key` names cannot be read."
    ["cannot read the certificate file `absent.pem`"]
    "Check the path and the rights; in a container, whether the file is mounted.";
    ListenFailed
    "The address that `serve` is to listen on is taken, is not one of this machine, or needs more rights."
    ["cannot listen on 127.0.0.1:5000"]
    "End the other program, or choose another port with `--listen`. On macOS a system service uses port 5000. Ports below 1024 need rights.";
    AccessInvalid
    "The file of users has a line that cannot be used, or the flags would open the server further than is safe."
    ["the password of \"alice\" (line 1 of the password file) is not hashed with bcrypt"]
    "Write users with `htpasswd -B FILE NAME`. Beyond this machine users need TLS: add `--tls local`, or a certificate.";
    TlsInvalid
    "A certificate and its key do not belong together, or the local authority was made for other names."
    ["the authority in `data/tls` may not vouch for other.test"]
    "Give the server's certificate first, then its issuers, and the key in PEM form. A local authority cannot get new names: remove its directory, make one for all names, and give every client the new `ca.pem`.";
}
