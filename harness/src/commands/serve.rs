//! `harness serve`: starts the server, says where it is, and ends with a Ctrl-C.

use super::{fail, print};
use crate::browser;
use crate::cli::ServeOptions;
use crate::exit;
use crate::serve::Server;
use crate::stop::Stop;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::process::ExitCode;

pub fn serve(options: &ServeOptions) -> ExitCode {
    match carry_out(options) {
        // A server that was told to stop has done what it should.
        Ok(Some(exit::INTERRUPTED) | None) => ExitCode::SUCCESS,
        Ok(Some(code)) => ExitCode::from(code),
        Err(error) => fail(&error),
    }
}

fn carry_out(options: &ServeOptions) -> Result<Option<u8>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(async {
        let mut stop = Stop::listen().context("listen for signals")?;
        let address = SocketAddr::new(options.host, options.port);
        let server = Server::listen(options.store.clone(), address).await?;
        let address = server.address()?;
        print(&format!(
            "{} is at http://{address}/   Ctrl-C stops\n",
            options.store.display()
        ));
        if !address.ip().is_loopback() {
            eprintln!("note: everybody who reaches {address} can read the store");
        }
        if options.open {
            browser::open(format!("http://{address}/").as_ref());
        }
        server.answer(stop.wait()).await?;
        Ok(stop.asked())
    })
}
