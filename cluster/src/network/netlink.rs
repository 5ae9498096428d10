//! The one setting of an interface that an ordinary user in a namespace may change by netlink only: how many packets
//! the kernel queues for it. (The older ioctl asks for privileges on the whole machine.)

use nix::errno::Errno;
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use std::os::fd::AsRawFd;

/// Sets the queue length of an interface in the calling thread's network namespace.
pub fn set_queue_length(interface: &str, packets: u32) -> Result<(), Errno> {
    let kernel = NetlinkAddr::new(0, 0);
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let request = queue_length_request(if_nametoindex(interface)?, packets);
    sendto(socket.as_raw_fd(), &request, &kernel, MsgFlags::empty())?;
    let mut reply = [0; 256];
    let bytes = recv(socket.as_raw_fd(), &mut reply, MsgFlags::empty())?;
    acknowledged(&reply[..bytes])
}

/// The message, laid out after rtnetlink(7): a header, the interface, one attribute.
fn queue_length_request(index: u32, packets: u32) -> Vec<u8> {
    let mut body = Vec::new();
    // struct ifinfomsg: family and padding, type, index, flags, which flags to change.
    body.extend([0; 4]);
    body.extend(index.to_ne_bytes());
    body.extend([0; 8]);
    // struct rtattr, and its value.
    body.extend(8u16.to_ne_bytes());
    body.extend(libc::IFLA_TXQLEN.to_ne_bytes());
    body.extend(packets.to_ne_bytes());
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    let mut message = Vec::new();
    // struct nlmsghdr: length, type, flags, sequence number, sender.
    message.extend((16 + body.len() as u32).to_ne_bytes());
    message.extend(libc::RTM_NEWLINK.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    message
}

/// Whether the kernel did it: its reply is a header and a negative error number, zero for success.
fn acknowledged(reply: &[u8]) -> Result<(), Errno> {
    let field = |at: usize| {
        reply
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(i32::from_ne_bytes)
    };
    match field(16) {
        Some(0) => Ok(()),
        Some(error) => Err(Errno::from_raw(error.wrapping_neg())),
        None => Err(Errno::EBADMSG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_zero_is_an_acknowledgement() {
        let reply = |error: i32| [vec![0; 16], error.to_ne_bytes().to_vec()].concat();
        assert_eq!(acknowledged(&reply(0)), Ok(()));
        assert_eq!(acknowledged(&reply(-libc::EPERM)), Err(Errno::EPERM));
        assert_eq!(acknowledged(&reply(0)[..18]), Err(Errno::EBADMSG));
    }
}
