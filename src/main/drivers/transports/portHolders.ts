import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'

export interface PortHolder {
  readonly pid: number
  /** As the system calls it, printable, at most 32 characters. */
  readonly program: string
}

/** More names than these help nobody. */
const mostHolders = 3

/** Who has the port open, lowest pid first. Empty where the system does not tell: other systems, other users' programs. */
export async function findPortHolders(path: string, signal: AbortSignal, procFolder = '/proc'): Promise<readonly PortHolder[]> {
  const device = await realpath(path).catch(() => undefined)
  if (device === undefined) return []
  const names = await readdir(procFolder).catch(() => [])
  const pids = names.filter((name) => /^\d{1,9}$/.test(name)).map(Number).sort((a, b) => a - b)
  const holders: PortHolder[] = []
  for (const pid of pids) {
    signal.throwIfAborted()
    if (holders.length === mostHolders) break
    if (await hasOpen(join(procFolder, String(pid), 'fd'), device)) holders.push({ pid, program: await programOf(join(procFolder, String(pid))) })
  }
  return holders
}

async function hasOpen(fdFolder: string, device: string): Promise<boolean> {
  // A program of another user, or one that just ended.
  const names = await readdir(fdFolder).catch(() => [])
  const targets = await Promise.all(names.map(async (name) => readlink(join(fdFolder, name)).catch(() => '')))
  return targets.includes(device)
}

async function programOf(folder: string): Promise<string> {
  const text = async (name: string): Promise<string> => (await readFile(join(folder, name), 'latin1').catch(() => '')).trim()
  const own = await text('comm')
  // What Node calls its first thread; nobody knows a program by that name.
  const name = (own === 'MainThread' ? basename((await text('cmdline')).split('\0')[0] ?? '') : own).slice(0, 32)
  return name.replaceAll(/[^\x20-\x7e]/g, '?') || 'a program'
}

/** "minicom (pid 812) and flock (pid 900)", or `undefined` for nobody. */
export function holdersText(holders: readonly PortHolder[], ownPid: number): string | undefined {
  const names = holders.map(({ pid, program }) => (pid === ownPid ? `Rackbench itself (pid ${pid})` : `${program} (pid ${pid})`))
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}` : names[0]
}
