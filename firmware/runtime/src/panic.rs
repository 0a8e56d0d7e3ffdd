//! What a panic comes to.

use core::panic::PanicInfo;

use crate::emergency::last_word;
use crate::ledger::Mark;

#[cfg(feature = "panic-location")]
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
  let (file, line) = info.location().map_or(("", 0), |l| (l.file(), l.line()));
  last_word(Mark::Panic, line, |p| p.text("\r\npanic ").text(file).text(":").number(line as i64).end())
}

/// Where the panic came from is told by addresses that lie on the stack, for addr2line: names of files are some kilobytes.
#[cfg(not(feature = "panic-location"))]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
  const MOST: usize = 8;
  last_word(Mark::Panic, 0, |p| {
    p.text("\r\npanic at one of");
    for address in crate::stack::code_addresses().take(MOST) {
      p.text(" ").hex(address);
    }
    p.end();
  })
}
