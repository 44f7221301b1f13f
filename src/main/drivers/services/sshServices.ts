import type { ClientChannel } from 'ssh2'
import { demandUnitState, type Services, unitStateOf } from '../../../shared/devices/services.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { shellWords } from '../../protocols/updater/shellWords.ts'
import { shown } from '../errors/shown.ts'
import { openSsh, type SshConnection, type SshPlace } from '../ssh/sshConnection.ts'
import { defaultSystemctl } from './systemctl.ts'

const callLimitMs = 30_000
const stopLimitMs = 10_000
const mostOutputBytes = 64 * 1024

export interface SshServices extends Services { close(): Promise<void> }

/** The services of an appliance over SSH: the same systemctl, each word of its command line a literal. */
export async function openSshServices(place: SshPlace, program: string, clock: Clock, signal: AbortSignal): Promise<SshServices> {
  const ssh = await openSsh(place, clock, signal)
  const run = async (command: string, what: string, limitMs: number, parent: AbortSignal): Promise<Ended> => {
    parent.throwIfAborted()
    if (ssh.lost()) throw lostLine(ssh)
    const ended = await withDeadline(clock, limitMs, `${what} at ${ssh.label}`, parent, async (within) => exec(ssh, command, within))
    if (ssh.lost()) throw lostLine(ssh)
    return ended
  }
  const order = async (verb: string, unit: string, limitMs: number, parent: AbortSignal): Promise<void> => {
    const { exitCode, said } = await run(shellWords([program, verb, unit]), `systemctl ${verb} ${unit}`, limitMs, parent)
    if (exitCode !== 0) throw new WorkbenchError('device/refused', `systemctl ${verb} ${unit} ended with ${exitCode}${said === '' ? '' : `: ${shown(said)}`}`, { context: { unit, exitCode } })
  }
  const label = program === defaultSystemctl ? `systemd of ${ssh.label}` : `a stand-in for systemd (${program}) at ${ssh.label}`
  const asked = async (unit: string, parent: AbortSignal): Promise<string> => (await run(shellWords([program, 'is-active', unit]), `systemctl is-active ${unit}`, callLimitMs, parent)).said
  return {
    label,
    stop: async (unit, parent) => order('stop', unit, stopLimitMs, parent),
    start: async (unit, parent) => order('start', unit, callLimitMs, parent),
    state: async (unit, parent) => unitStateOf(await asked(unit, parent)),
    demand: async (unit, parent) => { demandUnitState(await asked(unit, parent), unit, label) },
    runCommand: async (command, parent) => run(shellWords(['/bin/sh', '-c', command]), 'A command of the package', callLimitMs, parent),
    close: ssh.close,
  }
}

interface Ended { readonly exitCode: number; readonly said: string }

const lostLine = (ssh: SshConnection): WorkbenchError =>
  new WorkbenchError('link/closed', `The connection to ${ssh.label} is lost: ${shown(ssh.lost()?.message ?? 'unknown reason')}`, { hint: 'The next deployment first looks at what stands there' })

async function exec(ssh: SshConnection, command: string, signal: AbortSignal): Promise<Ended> {
  return new Promise<Ended>((resolve, reject) => {
    ssh.client.exec(command, (failed, stream) => {
      if (failed) { reject(new WorkbenchError('device/refused', `${ssh.label} runs no commands: ${shown(failed.message)}`, { cause: failed })); return }
      const stop = (): void => { stream.destroy(); reject(signal.reason as Error) }
      // The answer to the request may come after the caller has gone.
      if (signal.aborted) { stop(); return }
      signal.addEventListener('abort', stop, { once: true })
      collected(stream).then(resolve, reject).finally(() => { signal.removeEventListener('abort', stop) }).catch(() => undefined)
    })
  })
}

async function collected(stream: ClientChannel): Promise<Ended> {
  const parts: Uint8Array[] = []
  let bytes = 0
  let exitCode: number | undefined
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Uint8Array): void => { if (bytes < mostOutputBytes) parts.push(chunk); bytes += chunk.length }
    stream.on('data', take)
    stream.stderr.on('data', take)
    stream.on('error', reject)
    stream.on('exit', (code: number | null) => { exitCode = code ?? 128 })
    stream.on('close', () => { resolve() })
  })
  // A command that ended without saying how is no success.
  return { exitCode: exitCode ?? 255, said: Buffer.concat(parts).toString('utf8').slice(0, mostOutputBytes).trim() }
}
