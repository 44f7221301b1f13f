import { readFileSync } from 'node:fs'
import process from 'node:process'

/**
 * A text that no other process will ever have on this computer, or `undefined` when no such process lives. A pid alone is
 * not enough: it is given away again, soonest after a restart of the computer.
 */
export function describeProcess(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined
  }
  if (process.platform !== 'linux') return String(pid)
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything, so fields are counted from the last parenthesis on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; only its parent has not looked yet.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${pid}:${fields[19] ?? ''}:${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
  } catch {
    // Gone between the two questions, or no /proc here; the pid alone still answers most cases.
    return String(pid)
  }
}

export const describeSelf = (): string => describeProcess(process.pid) ?? String(process.pid)

/** Whether the process that was described so still lives. */
export function isAlive(description: string): boolean {
  return describeProcess(Number.parseInt(description, 10)) === description
}
