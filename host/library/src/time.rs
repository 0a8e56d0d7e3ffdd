//! Times: those of the core, and as people read them.

use g2g_interface::NONE;

const SECOND: u64 = 1_000_000_000;

/// A time of the core's, ns; `None` when there is none.
pub(crate) fn time_of(ns: i64) -> Option<i64> {
  (ns != NONE).then_some(ns)
}

/// A time as people read it: `0:00:03.2`, with as many decimals as it has.
/// @param ns nanoseconds
pub fn format_time(ns: i64) -> String {
  let sign = if ns < 0 { "-" } else { "" };
  let t = ns.unsigned_abs();
  let seconds = t / SECOND;
  let clock = format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  match t % SECOND {
    0 => clock,
    decimals => format!("{clock}.{}", format!("{decimals:09}").trim_end_matches('0')),
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn a_time_has_as_many_decimals_as_it_needs() {
    let cases = [
      (0, "0:00:00"),
      (1, "0:00:00.000000001"),
      (3_200_000_000, "0:00:03.2"),
      (-61_000_000_000, "-0:01:01"),
      (100 * 3600 * 1_000_000_000, "100:00:00"),
      (i64::MIN, "-2562047:47:16.854775808"),
    ];
    for (ns, text) in cases {
      assert_eq!(format_time(ns), text);
    }
  }
}
