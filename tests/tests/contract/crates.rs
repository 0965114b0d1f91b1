//! The workspace's own rules: lints, what a function may depend on, how long its `main.rs` may be.

use capstan_tests::workspace;
use std::collections::BTreeSet;

#[test]
fn every_crate_is_a_member_and_takes_the_lints_of_the_workspace() {
    for member in workspace::members() {
        let manifest = workspace::text(&format!("{member}/Cargo.toml"));
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{member}/Cargo.toml: add\n[lints]\nworkspace = true"
        );
    }
    let members: BTreeSet<String> = workspace::members().into_iter().collect();
    for folder in ["crates", "crates/tier", "crates/iops"] {
        for name in workspace::folders(&workspace::root().join(folder)) {
            let path = format!("{folder}/{name}");
            let has_manifest = workspace::root().join(&path).join("Cargo.toml").is_file();
            assert!(!has_manifest || members.contains(&path), "Cargo.toml: add \"{path}\" to the members");
        }
    }
}

/// What looks after IOps looks at every function of it.
#[test]
fn the_functions_of_iops_are_those_that_are_looked_at() {
    let all = workspace::functions();
    let of_iops: Vec<&str> =
        all.iter().map(String::as_str).filter(|name| workspace::family_of(name).1 == "iops-").collect();
    let listed = capstan_core::iops::watch::FUNCTIONS;
    assert_eq!(
        listed, of_iops,
        "crates/core/src/iops/watch.rs: FUNCTIONS (left) must list every function (right)"
    );
}

/// What compiles for minutes must not be in the way of the local system: the SDK sits behind the feature `lambda`.
#[test]
fn a_function_takes_the_sdk_behind_its_feature_alone() {
    for function in workspace::functions() {
        let path = format!("{}/Cargo.toml", workspace::family_of(&function).0);
        let manifest = workspace::text(&path);
        for line in manifest.lines() {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            let heavy =
                ["aws-config", "aws-smithy", "lambda_", "tokio"].iter().any(|start| name.starts_with(start))
                    || name.starts_with("aws-sdk");
            if heavy {
                assert!(
                    line.contains("optional = true"),
                    "{path}: `{name}` must be optional, behind the feature `lambda`"
                );
                let feature = manifest.lines().find(|line| line.starts_with("lambda = ")).unwrap_or_default();
                assert!(
                    feature.contains(&format!("dep:{name}")),
                    "{path}: the feature `lambda` must bring in dep:{name}"
                );
            }
        }
        let local = workspace::text("crates/local/Cargo.toml");
        let line = local.lines().find(|line| line.starts_with(&format!("{function} = ")));
        let line = line.unwrap_or_else(|| panic!("crates/local/Cargo.toml: add {function}"));
        let has_feature = manifest.lines().any(|line| line.starts_with("lambda = "));
        assert!(
            !has_feature || line.contains("default-features = false"),
            "crates/local/Cargo.toml: take {function} with default-features = false, or the SDK is compiled"
        );
    }
}

#[test]
fn a_main_is_wiring() {
    for function in workspace::functions() {
        let path = format!("{}/src/main.rs", workspace::family_of(&function).0);
        if workspace::root().join(&path).is_file() {
            let lines = workspace::text(&path).lines().count();
            assert!(
                lines <= 40,
                "{path} has {lines} lines, over 40: what is more than wiring belongs into lib.rs"
            );
        }
    }
}
