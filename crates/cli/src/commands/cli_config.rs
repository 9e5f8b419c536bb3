//! `cli-config TEMPLATE`

use std::collections::BTreeMap;

use tofu_oci::types::tofu::Hostname;
use tofu_oci::types::tofu::cli_config::{MirrorConfig, ProviderPattern};

use super::{Ending, output};
use crate::args::{CliConfigArgs, OriginArg};
use crate::diagnostic::{Code, Diagnostic, Failure};
use crate::document::{
    CliConfigDocument, DirectEntry, HelperEntry, InstallationEntry, OciMirrorEntry,
};
use crate::interrupt::Stop;
use crate::settings::Settings;

pub(super) fn run(args: &CliConfigArgs, settings: &Settings) -> Result<Ending, Stop> {
    let config = config(args)?;
    settings
        .printer
        .result(&document(&config), || config.to_string())
        .map_err(output)?;
    Ok(Ending::Done)
}

fn config(args: &CliConfigArgs) -> Result<MirrorConfig, Failure> {
    let refuse = |message: &str, hint: String| -> Failure {
        Diagnostic::new(Code::Usage, message).hint(hint).into()
    };
    if args.origin == OriginArg::Terraform {
        let hint = format!(
            "install with `tofu-oci install --origin terraform --from '{}'`; \
             `terraform init -plugin-dir=.terraform/providers` then uses what is there",
            args.template
        );
        return Err(refuse(
            "Terraform cannot install from OCI registries, whatever its configuration says",
            hint,
        ));
    }
    if args.template.to_string().starts_with("dir:") {
        let hint = format!(
            "install with `tofu-oci install --from '{}'`; `tofu init -plugin-dir=.terraform/providers` then uses what is there",
            args.template
        );
        return Err(refuse(
            "OpenTofu reads registries, and no directories of layouts",
            hint,
        ));
    }
    let (include, host) = (args.include.clone(), Hostname::opentofu());
    let config = MirrorConfig::new(&args.template, include, &host).map_err(|error| {
        let hint = "the template needs {hostname}, {namespace} and {type}, but for those of which `--include` leaves one";
        refuse(&error.to_string(), hint.to_owned())
    })?;
    let Some(helper) = &args.credentials_helper else {
        return Ok(config);
    };
    let Some(registry) = config.template().registry() else {
        return Err(Failure::usage(
            "--credentials-helper is for one registry, and the template names several",
        ));
    };
    if registry.as_str() == "docker.io" {
        let hint = "name the registry registry-1.docker.io in the template";
        return Err(refuse(
            "OpenTofu never sends credentials to docker.io",
            hint.to_owned(),
        ));
    }
    Ok(config.with_helper(registry, helper.clone()))
}

fn document(config: &MirrorConfig) -> CliConfigDocument {
    let texts = |patterns: &[ProviderPattern]| -> Vec<String> {
        patterns.iter().map(ToString::to_string).collect()
    };
    let direct = config.direct_exclude().map(|exclude| DirectEntry {
        exclude: texts(exclude),
    });
    let credentials = config.helper().map(|(registry, helper)| {
        let entry = HelperEntry {
            docker_credentials_helper: helper.to_owned(),
        };
        BTreeMap::from([(registry.to_string(), entry)])
    });
    CliConfigDocument {
        version: 1,
        provider_installation: InstallationEntry {
            oci_mirror: vec![OciMirrorEntry {
                repository_template: config.template().to_string(),
                include: texts(config.include()),
            }],
            direct: direct.into_iter().collect(),
        },
        oci_credentials: credentials,
    }
}
