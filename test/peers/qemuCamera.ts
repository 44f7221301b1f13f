import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { delimiter, join } from 'node:path'

export const qemuFlashBytes = 16 * 1024 * 1024
/** QEMU needs about 50 ms; a loaded build machine more. */
const startLimitMs = 20_000
const stopLimitMs = 5_000

export interface QemuCamera {
  /** TCP port of the console on 127.0.0.1; one client at a time. */
  readonly consolePort: number
  readonly processId: number
  /** Ends the emulator in order; the flash file is complete. Idempotent. */
  stop(): Promise<void>
  /** SIGKILL: what was on its way to the flash is lost, what had arrived stays. */
  powerCut(): Promise<void>
  /** Power off and on at once: RAM and CPU start anew, flash stays. */
  reset(): Promise<void>
  /** As a switch of its outlet would: off is silence on a line that stays open, on is a cold start. */
  switchPower(to: 'on' | 'off'): Promise<void>
}

export interface QemuCameraOptions {
  /** U-Boot image; written to offset 0 of a flash file that does not exist yet. */
  readonly uboot: string
  readonly flashFile: string
  /** For the control socket. Short: a unix socket's path has at most 107 bytes. */
  readonly dir: string
  /** For a camera that comes back where it was; 0, as usual, takes a free one. */
  readonly consolePort?: number
  /** Aborting it is a power cut. */
  readonly signal: AbortSignal
}

const qemu = 'qemu-system-arm'

export function hasQemu(path = process.env['PATH'] ?? ''): boolean {
  return path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, qemu)))
}

async function makeFlashFile(flashFile: string, uboot: string): Promise<void> {
  const file = await open(flashFile, 'wx')
  try {
    await file.write(new Uint8Array(qemuFlashBytes).fill(0xff))
    await file.write(await readFile(uboot), 0, undefined, 0)
  } finally {
    await file.close()
  }
}

interface Control {
  ask(command: string): Promise<unknown>
  close(): void
}

/** The socket file appears some time after the process, and nothing tells when. */
async function connectControl(path: string, child: ChildProcess, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted()
    if (child.exitCode !== null) throw new Error(`QEMU ended at once with exit code ${child.exitCode}`)
    const socket = connect(path)
    try {
      await once(socket, 'connect', { signal })
      return socket
    } catch (error) {
      socket.destroy()
      signal.throwIfAborted()
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED'))) throw error
      await new Promise((resolve) => { setTimeout(resolve, 10) })
    }
  }
}

async function openControl(path: string, child: ChildProcess, signal: AbortSignal): Promise<Control> {
  const socket = await connectControl(path, child, signal)
  const waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = []
  const ended = (): void => { for (const each of waiting.splice(0)) each.reject(new Error('QEMU closed its control socket')) }
  socket.on('error', ended).on('close', ended)
  // The line reader repeats the socket's errors as its own.
  createInterface(socket).on('error', ended).on('line', (line) => {
    const message = JSON.parse(line) as { readonly return?: unknown; readonly error?: { readonly desc: string } }
    if (message.error !== undefined) waiting.shift()?.reject(new Error(message.error.desc))
    else if ('return' in message) waiting.shift()?.resolve(message.return)
    // Anything else is the greeting or an event.
  })
  const ask = async (command: string): Promise<unknown> => {
    if (socket.destroyed) throw new Error('QEMU closed its control socket')
    const answer = new Promise((resolve, reject) => { waiting.push({ resolve, reject }) })
    socket.write(`${JSON.stringify({ execute: command })}\n`)
    return answer
  }
  await ask('qmp_capabilities')
  return { ask, close: () => { socket.destroy() } }
}

/** QEMU took the port itself, so no other process can have taken it between the choice and the use. */
function consolePortOf(chardevs: unknown): number {
  const filename = (chardevs as readonly { readonly label: string; readonly filename: string }[]).find(({ label }) => label === 'console')?.filename
  const port = Number(/:(\d+)(?:,|$)/.exec(filename ?? '')?.[1])
  if (!Number.isInteger(port)) throw new Error(`QEMU tells no console port: ${filename}`)
  return port
}

/** A real U-Boot on an emulated board with 16 MiB of SPI NOR. The host's 127.0.0.1 is 10.0.2.2 for it. */
export async function startQemuCamera({ uboot, flashFile, dir, consolePort: wantedPort = 0, signal }: QemuCameraOptions): Promise<QemuCamera> {
  if (!existsSync(flashFile)) await makeFlashFile(flashFile, uboot)
  const controlPath = join(dir, `qmp-${process.hrtime.bigint().toString(36)}.sock`)
  const child = spawn(qemu, [
    '-M', 'ast2500-evb,fmc-model=mx25l12805d', '-m', '512', '-display', 'none', '-monitor', 'none',
    '-drive', `file=${flashFile},format=raw,if=mtd`,
    '-chardev', `socket,id=console,host=127.0.0.1,port=${wantedPort},server=on,wait=off`, '-serial', 'chardev:console',
    '-qmp', `unix:${controlPath},server=on,wait=off`, '-netdev', 'user,id=n0', '-net', 'nic,netdev=n0',
  ], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints = (complaints + text).slice(-2000) })
  const exited = new Promise<void>((resolve) => { child.once('exit', () => { resolve() }).once('error', () => { resolve() }) })
  const kill = (): void => { child.kill('SIGKILL') }
  // A test runner that is told to stop must not leave an emulator behind.
  process.once('exit', kill)
  signal.addEventListener('abort', kill, { once: true })
  const powerCut = async (): Promise<void> => {
    kill()
    await exited
    process.off('exit', kill)
    signal.removeEventListener('abort', kill)
  }
  try {
    const control = await openControl(controlPath, child, AbortSignal.any([signal, AbortSignal.timeout(startLimitMs)]))
    const consolePort = consolePortOf(await control.ask('query-chardev'))
    return {
      consolePort,
      processId: child.pid ?? -1,
      powerCut: async () => { control.close(); await powerCut() },
      stop: async () => {
        if (child.exitCode === null && child.signalCode === null) {
          const late = setTimeout(kill, stopLimitMs)
          // It may close the socket before it answers.
          await control.ask('quit').catch(() => undefined)
          await exited
          clearTimeout(late)
        }
        control.close()
        await powerCut()
      },
      reset: async () => { await control.ask('system_reset') },
      switchPower: async (to) => {
        await control.ask(to === 'off' ? 'stop' : 'system_reset')
        if (to === 'on') await control.ask('cont')
      },
    }
  } catch (error) {
    await powerCut()
    throw new Error(`QEMU did not start${complaints === '' ? '' : `: ${complaints.trim()}`}`, { cause: error })
  }
}
