import { readFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import process from 'node:process'
import type { ProcessMark } from '../../../shared/ota/applianceLock.schema.ts'

/** A file of `/proc`, here or on the far side of a connection; `undefined` when there is none. */
export type ReadProc = (path: string) => Promise<string | undefined>

export const readProcHere: ReadProc = async (path) => readFile(`/proc/${path}`, 'utf8').catch(() => undefined)

/** When it began, in ticks of this boot; a process that is dead and was not fetched by its parent counts as gone. */
async function beganOf(pid: number, read: ReadProc): Promise<string | undefined> {
  const [boot, stat] = [await read('sys/kernel/random/boot_id'), await read(`${String(pid)}/stat`)]
  if (boot === undefined || stat === undefined) return undefined
  // The name of a program stands in brackets, and may have brackets and blanks of its own.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, began] = [fields[0] ?? '', fields[19] ?? '']
  return state === 'Z' || state === 'X' || began === '' ? undefined : `${boot.trim()}/${began}`
}

export const markOfThisProcess = async (): Promise<ProcessMark> => ({ pid: process.pid, began: await beganOf(process.pid, readProcHere) ?? '' })

export async function isProcessRunning({ pid, began }: ProcessMark, read: ReadProc = readProcHere): Promise<boolean> {
  if (began !== '') return await beganOf(pid, read) === began
  // Where there is no /proc its number is all there is.
  try { process.kill(pid, 0); return true } catch (error) { return error instanceof Error && 'code' in error && error.code === 'EPERM' }
}

/** For people who find somebody's turn taken. */
export function whoIsHere(): string {
  let user = 'somebody'
  try { user = userInfo().username } catch { /* A user without a name is one all the same. */ }
  return `${user.slice(0, 60)} at ${hostname().slice(0, 100)} (process ${String(process.pid)})`
}
