//! Gives up all that decoding does not need: files, sockets, other processes, new rights, code that is not there yet.

use std::collections::BTreeMap;

use libc::c_long;
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
  BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
  apply_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Fault = Box<dyn std::error::Error>;

/// Address space beside the areas, bytes: libraries, threads' stacks, what decoders allocate.
const ADDRESS_SPACE: u64 = 4 << 30;

/// What decoding needs: memory, threads, time.
const NEEDED: &[c_long] = &[
  libc::SYS_brk,
  libc::SYS_clock_gettime,
  libc::SYS_clock_nanosleep,
  libc::SYS_exit,
  libc::SYS_exit_group,
  libc::SYS_futex,
  libc::SYS_getcpu,
  libc::SYS_getpid,
  libc::SYS_getrandom,
  libc::SYS_gettid,
  libc::SYS_madvise,
  libc::SYS_membarrier,
  libc::SYS_mremap,
  libc::SYS_munmap,
  libc::SYS_nanosleep,
  libc::SYS_ppoll,
  libc::SYS_restart_syscall,
  libc::SYS_rseq,
  libc::SYS_rt_sigaction,
  libc::SYS_rt_sigprocmask,
  libc::SYS_rt_sigreturn,
  libc::SYS_sched_getaffinity,
  libc::SYS_sched_yield,
  libc::SYS_set_robust_list,
  libc::SYS_sigaltstack,
  libc::SYS_sysinfo,
  #[cfg(target_arch = "x86_64")]
  libc::SYS_poll,
];

/// What libraries may try and can do without: it fails and nothing else happens. Everything else ends the process.
const REFUSED: &[c_long] = &[
  libc::SYS_faccessat,
  libc::SYS_faccessat2,
  libc::SYS_fcntl,
  libc::SYS_fstat,
  libc::SYS_get_mempolicy,
  libc::SYS_getcwd,
  libc::SYS_ioctl,
  libc::SYS_lseek,
  libc::SYS_mbind,
  libc::SYS_newfstatat,
  libc::SYS_openat,
  libc::SYS_openat2,
  libc::SYS_prlimit64,
  libc::SYS_read,
  libc::SYS_readlinkat,
  libc::SYS_sched_setaffinity,
  libc::SYS_sched_setscheduler,
  libc::SYS_set_mempolicy,
  libc::SYS_statx,
  libc::SYS_uname,
  libc::SYS_write,
  libc::SYS_writev,
  #[cfg(target_arch = "x86_64")]
  libc::SYS_access,
  #[cfg(target_arch = "x86_64")]
  libc::SYS_open,
  #[cfg(target_arch = "x86_64")]
  libc::SYS_readlink,
  #[cfg(target_arch = "x86_64")]
  libc::SYS_stat,
];

fn condition(argument: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompCondition, Fault> {
  Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value)?)
}

fn when(conditions: Vec<SeccompCondition>) -> Result<Vec<SeccompRule>, Fault> {
  Ok(vec![SeccompRule::new(conditions)?])
}

fn has(argument: u8, bits: i32) -> Result<SeccompCondition, Fault> {
  condition(argument, SeccompCmpOp::MaskedEq(bits as u64), bits as u64)
}

fn lacks(argument: u8, bits: i32) -> Result<SeccompCondition, Fault> {
  condition(argument, SeccompCmpOp::MaskedEq(bits as u64), 0)
}

fn is(argument: u8, value: u64) -> Result<SeccompCondition, Fault> {
  condition(argument, SeccompCmpOp::Eq, value)
}

fn allowed() -> Result<Rules, Fault> {
  let mut rules: Rules = NEEDED.iter().chain(REFUSED).map(|call| (*call, vec![])).collect();
  // Only the one socket.
  for call in [libc::SYS_recvfrom, libc::SYS_sendto] {
    rules.insert(call, when(vec![is(0, 0)?])?);
  }
  // Memory of its own, never to be executed.
  rules.insert(libc::SYS_mmap, when(vec![lacks(2, libc::PROT_EXEC)?, has(3, libc::MAP_ANONYMOUS)?])?);
  rules.insert(libc::SYS_mprotect, when(vec![lacks(2, libc::PROT_EXEC)?])?);
  // Threads but no processes. Where clone3 is wanted, which filters cannot look into, the C library falls back on clone.
  rules.insert(libc::SYS_clone, when(vec![has(0, libc::CLONE_THREAD | libc::CLONE_VM)?])?);
  rules.insert(libc::SYS_clone3, vec![]);
  rules.insert(libc::SYS_prctl, when(vec![is(0, libc::PR_SET_NAME as u64)?])?);
  // A signal for itself: abort.
  rules.insert(libc::SYS_tgkill, when(vec![is(0, std::process::id().into())?])?);
  Ok(rules)
}

fn filter(rules: Rules, otherwise: SeccompAction, then: SeccompAction) -> Result<BpfProgram, Fault> {
  let arch = TargetArch::try_from(std::env::consts::ARCH)?;
  Ok(SeccompFilter::new(rules, otherwise, then, arch)?.try_into()?)
}

/// Locks this thread and all that it will start in. Of the filters' answers the kernel takes the strictest.
pub fn enter(areas: u64) -> Result<(), Fault> {
  for (resource, most) in [
    (Resource::Core, 0),
    (Resource::Fsize, 0),
    // Standard input is the socket; poll counts it.
    (Resource::Nofile, 1),
    (Resource::As, areas + ADDRESS_SPACE),
  ] {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
  }
  // Nobody of the same user looks inside.
  rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
  let refused = REFUSED.iter().map(|call| (*call, vec![])).collect();
  let refuse = filter(refused, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))?;
  let unknown = Rules::from([(libc::SYS_clone3, vec![])]);
  let unknown = filter(unknown, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
  let needed = filter(allowed()?, SeccompAction::KillProcess, SeccompAction::Allow)?;
  // The last one forbids to install others; it sets no_new_privs, as each does.
  for program in [&refuse, &unknown, &needed] {
    apply_filter(program)?;
  }
  Ok(())
}
