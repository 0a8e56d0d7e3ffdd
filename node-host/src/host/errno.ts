import { HostError } from "../generated/abi.js";

const BY_CODE: Record<string, HostError> = {
  ENOENT: HostError.NotFound,
  ENOTDIR: HostError.NotFound,
  ENXIO: HostError.NotFound,
  ENODEV: HostError.NotFound,
  EACCES: HostError.Denied,
  EPERM: HostError.Denied,
  EROFS: HostError.Denied,
  EEXIST: HostError.Exists,
  EISDIR: HostError.IsDirectory,
  ENOSPC: HostError.NoSpace,
  EDQUOT: HostError.NoSpace,
  EFBIG: HostError.NoSpace,
  EINVAL: HostError.Invalid,
  ENAMETOOLONG: HostError.Invalid,
  ELOOP: HostError.Invalid,
  ERR_INVALID_ARG_VALUE: HostError.Invalid,
  ECANCELED: HostError.Cancelled,
  ENOTSUP: HostError.Unsupported,
  EOPNOTSUPP: HostError.Unsupported,
  ENOSYS: HostError.Unsupported,
  ESPIPE: HostError.Unsupported,
  EBUSY: HostError.Busy,
  ETXTBSY: HostError.Busy,
  EAGAIN: HostError.Busy,
  EMFILE: HostError.TooMany,
  ENFILE: HostError.TooMany,
  EPIPE: HostError.BrokenPipe,
  ECONNRESET: HostError.BrokenPipe,
  ETIMEDOUT: HostError.TimedOut,
  ENOMEM: HostError.NoMemory,
  EBADF: HostError.Closed,
};

/** The HostError for what Node threw or handed to a callback. */
export function hostErrorOf(error: unknown): HostError {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return (code !== undefined && BY_CODE[code]) || HostError.Io;
}
