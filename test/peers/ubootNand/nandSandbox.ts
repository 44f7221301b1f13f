import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../support/tftpPeerServers.ts'

/** The same sum over the same files in the same order is in build.sh. */
const inputs = ['build.sh', 'sandbox.config', 'nand.dtsi']

/** What build.sh made of the present recipe; `undefined` when it has not run since the recipe changed. */
function findFolder(): string | undefined {
  const sum = createHash('sha256')
  for (const name of inputs) sum.update(readFileSync(join(import.meta.dirname, name)))
  const cache = process.env['RACKBENCH_PEER_CACHE'] ?? join(homedir(), '.cache', 'rackbench-peers')
  const folder = join(cache, `uboot-nand-${sum.digest('hex').slice(0, 16)}`)
  return existsSync(join(folder, 'u-boot')) && existsSync(join(folder, 'cam.dtb')) ? folder : undefined
}

export function mayMakeNetworks(): boolean {
  const ip = findProgram('ip')
  if (process.getuid?.() !== 0 || ip === undefined) return false
  const name = `rb${process.pid}t`
  try {
    execFileSync(ip, ['netns', 'add', name], { stdio: 'ignore' })
    execFileSync(ip, ['netns', 'del', name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export function missingForNandSandbox(): readonly string[] {
  return [
    ...(findFolder() === undefined ? ['the built U-Boot with NAND (test/peers/ubootNand/build.sh)'] : []),
    ...(findProgram('socat') ? [] : ['socat']),
    ...(mayMakeNetworks() ? [] : ['root and network namespaces (ip netns)']),
  ]
}

export interface NandSandbox {
  /** Unix socket of the console, for one client; the boot loader ends with it. */
  readonly consolePath: string
  /** Of this computer on the camera's only wire. */
  readonly hostAddress: string
  readonly cameraAddress: string
  /** What U-Boot calls its end of the wire. */
  readonly ethernet: string
  stop(): Promise<void>
}

let made = 0

/** A boot loader as a process, alone in a network namespace with one wire to this computer. Its NAND is empty at each start. */
export async function startNandSandbox(): Promise<NandSandbox> {
  const folder = findFolder() ?? ''
  const ip = findProgram('ip') ?? 'ip'
  const run = (...args: string[]): void => { execFileSync(ip, args, { stdio: 'pipe' }) }
  const space = `rb${process.pid}n${(made += 1)}`
  const outside = `rb${process.pid % 100_000}h${made}`
  const inside = 'rbcam0'
  // From the range that is set aside for tests of networks.
  const net = `198.18.${process.pid % 250}.${4 * (made % 60)}`
  const address = (host: number): string => net.replace(/\d+$/, (last) => String(Number(last) + host))
  const dir = mkdtempSync(join(tmpdir(), 'rackbench-nand-'))
  const consolePath = join(dir, 'console')
  let child: ChildProcess | undefined
  const stop = async (): Promise<void> => {
    process.off('exit', drop)
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => { child?.once('exit', resolve) })
      // The group: socat and the boot loader it has started.
      process.kill(-child.pid, 'SIGKILL')
      await gone
    }
    drop()
  }
  const drop = (): void => {
    try { run('netns', 'del', space) } catch { /* it may never have been made */ }
    // Goes with its other end, but only when the kernel gets to it.
    try { run('link', 'del', outside) } catch { /* gone already */ }
    rmSync(dir, { recursive: true, force: true })
  }
  process.once('exit', drop)
  try {
    run('netns', 'add', space)
    run('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', space)
    run('addr', 'add', `${address(1)}/30`, 'dev', outside)
    run('link', 'set', outside, 'up')
    run('-n', space, 'link', 'set', inside, 'up')
    // Without a session of its own U-Boot stays in the group that is ended.
    child = spawn(findProgram('socat') ?? 'socat', [
      `UNIX-LISTEN:${consolePath}`, `EXEC:${ip} netns exec ${space} ${join(folder, 'u-boot')} -d ${join(folder, 'cam.dtb')} -t raw,pty,raw,echo=0,stderr`,
    ], { cwd: dir, detached: true, stdio: 'ignore' })
    for (let tries = 0; !existsSync(consolePath); tries += 1) {
      if (tries > 500 || child.exitCode !== null) throw new Error('socat did not open the console')
      await new Promise((resolve) => { setTimeout(resolve, 10) })
    }
    return { consolePath, hostAddress: address(1), cameraAddress: address(2), ethernet: `host_${inside}`, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
