import { ORPCError } from '@orpc/server'

const issuePath = 'fleet.issue'
const maxKeyLetters = 200

/** Taken to be done, and not done yet. */
export const successStatusOf = (path: readonly string[]): { readonly successStatus?: number } => (path.join('.') === issuePath ? { successStatus: 202 } : {})

/** The header that scripts have for it; what the body says goes before. */
export function withIdempotencyKey(path: readonly string[], input: unknown, header: string | readonly string[] | undefined): unknown {
  if (path.join('.') !== issuePath || typeof header !== 'string' || typeof input !== 'object' || input === null || 'idempotencyKey' in input) return input
  return { ...input, idempotencyKey: header.slice(0, maxKeyLetters) }
}

/** A command that the lockout keeps is written down, and is no success: 423 says so, and when to try again. */
export function lockedUnlessIssued<T>(path: readonly string[], output: T): T {
  if (path.join('.') !== issuePath) return output
  const { command } = output as { readonly command?: { readonly id: string; readonly state: string; readonly retryAfterS?: number } }
  if (command?.state !== 'blocked') return output
  throw new ORPCError('LOCKED', { status: 423, message: 'Three restarts of this client within 15 minutes are the most', data: { command_id: command.id, retry_after_s: command.retryAfterS ?? 0 } })
}
