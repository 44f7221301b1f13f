import { readFile, readlink } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import process from 'node:process'
import type { ProcessMark } from '../../../shared/ota/applianceLock.schema.ts'

/** Files and links below `/proc`, here or at the far end of a connection; `undefined` where it does not say. */
export interface Proc {
  text(path: string): Promise<string | undefined>
  link(path: string): Promise<string | undefined>
}

const procHere: Proc = {
  text: async (path) => readFile(`/proc/${path}`, 'utf8').catch(() => undefined),
  link: async (path) => readlink(`/proc/${path}`).catch(() => undefined),
}
const [bootPath, spacePath] = ['sys/kernel/random/boot_id', 'self/ns/pid']

async function bootOf(proc: Proc): Promise<string | undefined> {
  const boot = (await proc.text(bootPath))?.trim()
  return boot !== undefined && /^[\da-f-]{36}$/.test(boot) ? boot : undefined
}

/** When it began, in ticks of this boot; `dead` for one that its parent did not fetch. */
async function ticksOf(pid: number, proc: Proc): Promise<string | undefined> {
  const stat = await proc.text(`${String(pid)}/stat`)
  // The name of a program stands in brackets, and may have brackets and blanks of its own.
  const fields = stat?.startsWith(`${String(pid)} (`) ? stat.slice(stat.lastIndexOf(')') + 2).split(' ') : []
  const [state, ticks] = [fields[0], fields[19]]
  return ticks === undefined || !/^\d+$/.test(ticks) ? undefined : state === 'Z' || state === 'X' ? 'dead' : ticks
}

export async function markOfThisProcess(): Promise<ProcessMark> {
  const [boot, ticks, space] = [await bootOf(procHere), await ticksOf(process.pid, procHere), await procHere.link(spacePath)]
  return { pid: process.pid, began: boot === undefined || ticks === undefined ? '' : `${boot}/${ticks}`, ...(space === undefined ? {} : { space }) }
}

/** `before`: it is of another start of that computer, or of another computer. */
async function lifeOf({ pid, began }: ProcessMark, proc: Proc): Promise<'lives' | 'gone' | 'before' | undefined> {
  const [boot, ticks] = [await bootOf(proc), await ticksOf(pid, proc)]
  if (boot === undefined) return undefined
  if (!began.startsWith(`${boot}/`)) return 'before'
  if (ticks !== undefined) return began === `${boot}/${ticks}` ? 'lives' : 'gone'
  // Whoever may not see the first process may not see this one either.
  return await ticksOf(1, proc) === undefined ? undefined : 'gone'
}

/** `undefined`: from here nobody can tell. */
export async function isProcessRunning(mark: ProcessMark): Promise<boolean | undefined> {
  if (mark.began !== '') { const life = await lifeOf(mark, procHere); return life && life === 'lives' }
  // Where there is no /proc its number is all there is.
  try { process.kill(mark.pid, 0); return true } catch (error) { return error instanceof Error && 'code' in error && error.code === 'EPERM' }
}

/** The same of a computer elsewhere; `isItsRoot`: what was found with the mark is the computer's own `/`, and not a folder that another one may share. */
export async function isFarProcessRunning(mark: ProcessMark, proc: Proc, isItsRoot: boolean): Promise<boolean | undefined> {
  if (mark.began === '') return undefined
  const life = await lifeOf(mark, proc)
  if (life === 'before') return isItsRoot ? false : undefined
  // Of a container it has another number here, or is not to be seen.
  if (life === 'gone' && await proc.link(spacePath) !== mark.space) return undefined
  return life && life === 'lives'
}

/** For people who find somebody's turn taken. */
export function whoIsHere(): string {
  let user = 'somebody'
  try { user = userInfo().username } catch { /* A user without a name is one all the same. */ }
  return `${user.slice(0, 60)} at ${hostname().slice(0, 100)} (process ${String(process.pid)})`
}
