import type { SFTPWrapper } from 'ssh2'
import type { DevicePath } from '../../../shared/devices/deviceFs.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { shown } from '../errors/shown.ts'
import type { SshConnection } from '../ssh/sshConnection.ts'

const callLimitMs = 20_000

/** Status codes of SFTP version 3, which is what everybody speaks. */
export const sftpStatus = { endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, noConnection: 6, connectionLost: 7, unsupported: 8 } as const

export type Done<T> = (error: Error | null | undefined, value?: T) => void
export interface SftpCalls {
  /** One request and its answer, within its time. Errors come as the far end sent them; see `sftpProblem`. */
  ask<T = undefined>(what: string, signal: AbortSignal, start: (sftp: SFTPWrapper, done: Done<T>) => unknown): Promise<T>
}

export async function openSftpCalls(ssh: SshConnection, clock: Clock, signal: AbortSignal): Promise<SftpCalls> {
  const within = async <T>(what: string, parent: AbortSignal, work: () => Promise<T>): Promise<T> => withDeadline(clock, callLimitMs, `${what} at ${ssh.label}`, parent, async (limited) => orAborted(work(), limited))
  const sftp = await within('Opening SFTP', signal, async () => new Promise<SFTPWrapper>((resolve, reject) => {
    ssh.client.sftp((error, opened) => { if (error) reject(new WorkbenchError('device/refused', `${ssh.label} offers no SFTP: ${shown(error.message)}`, { cause: error })); else resolve(opened) })
  }))
  // Its end is that of the connection, which tells.
  sftp.on('error', () => undefined)
  let whenEnded: (error: Error) => void = () => undefined
  const ended = new Promise<never>((_, reject) => { whenEnded = reject })
  ended.catch(() => undefined)
  ssh.client.once('close', () => { whenEnded(lostLine(ssh)) })
  return {
    ask: async (what, parent, start) => {
      parent.throwIfAborted()
      if (ssh.lost()) throw lostLine(ssh)
      return within(what, parent, async () => Promise.race([ended, new Promise<never>((resolve, reject) => {
        start(sftp, (error, value) => { if (error) reject(ssh.lost() ? lostLine(ssh) : error); else resolve(value as never) })
      })]))
    },
  }
}

const lostLine = (ssh: SshConnection): WorkbenchError =>
  new WorkbenchError('link/closed', `The connection to ${ssh.label} is lost: ${shown(ssh.lost()?.message ?? 'unknown reason')}`, { hint: 'The appliance may have restarted; what was under way is decided at the next contact' })

export const statusOf = (error: unknown): number | undefined => (error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined)

/** A failure without a reason is most of what SFTP can say; the caller finds out which one where it matters. */
export function sftpProblem(path: DevicePath, cause: unknown): Error {
  const status = statusOf(cause)
  if (cause instanceof Error && (cause instanceof WorkbenchError || status === undefined)) return cause
  const more = { cause, context: { path, status: status ?? 0 } }
  if (status === sftpStatus.noSuchFile) return new WorkbenchError('device/not-found', `There is no ${path}`, more)
  if (status === sftpStatus.noConnection || status === sftpStatus.connectionLost) return new WorkbenchError('link/closed', 'The connection is lost', more)
  const why = cause instanceof Error ? shown(cause.message) : 'unknown reason'
  return new WorkbenchError('device/refused', `${path === '' ? 'The root' : path} cannot be used: ${status === sftpStatus.permissionDenied ? 'no permission' : why}`, more)
}
