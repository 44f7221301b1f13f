const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there (connection refused)',
  ECONNRESET: 'the far end reset the connection',
  EPIPE: 'the far end is gone',
  EHOSTUNREACH: 'no route to that address',
  ENETUNREACH: 'no route to that network',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'that name is unknown',
  EAI_AGAIN: 'the name could not be looked up',
  EADDRNOTAVAIL: 'it is no address of this computer',
  ENOENT: 'it does not exist',
  EACCES: 'no permission',
  EPERM: 'no permission',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a symbolic link',
  EIO: 'input/output error',
  EBUSY: 'it is in use',
  ENOFOLDERS: 'no folder can be made there',
}

export const errnoOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  // Several addresses were tried (IPv6, then IPv4): the last one speaks for all.
  if (error instanceof AggregateError) return errnoOf(error.errors.at(-1))
  return errnoOf(error.cause)
}

/** A few words for the middle of a sentence; the system's own code when there are no better ones. */
export function reasonOf(error: unknown): string {
  const code = errnoOf(error)
  if (code !== undefined) return words[code] ?? code
  return error instanceof Error && error.message ? error.message : 'unknown reason'
}
