//! Clients that are programs of the user's.

use crate::SOUND;
use cluster::System;
use cluster::system::Operations;

#[test]
fn a_client_program_is_instead_of_functions() {
    let descriptor = |workload: &str| {
        let (node, _) = SOUND.split_once("[workload").unwrap();
        System::parse(&format!("{node}[workload.register]\n{workload}\n"), "kv.toml")
    };
    let system = descriptor(r#"client = ["python3", "{dir}/client.py"]"#).unwrap();
    let Operations::Program(client) = system.operations("register").unwrap().unwrap() else {
        panic!("it is carried out by a program");
    };
    assert_eq!(
        client.argv("/my systems", "h"),
        ["python3", "/my systems/client.py"]
    );
    for (workload, words) in [
        ("client = []", "workload.register.client: it is empty"),
        (
            "client = \"client.py\"",
            "workload.register.client: invalid type: string",
        ),
        (
            "client = [\"{node}\"]",
            "unknown variable {node}; there are {dir} {harness}",
        ),
        (
            "client = [\"x\"]\nread = { method = \"GET\", url = \"http://x\", answers = [{ status = 200, outcome = \"ok\" }] }",
            "it can have one of the two",
        ),
    ] {
        let told = descriptor(workload).unwrap_err().to_string();
        assert!(told.contains(words), "{told}");
    }
}
