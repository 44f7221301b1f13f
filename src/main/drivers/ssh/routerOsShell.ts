import type { Client, ClientChannel } from 'ssh2'
import { shown } from '../errors/shown.ts'
import { looksLikeExport, maskSecrets, parsePoeMonitor, type PoeReading, shellComplaint, shellQuoted } from '../../protocols/routeros/shellText.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { openSsh, type SshFarEnd, type SshPlace } from './sshConnection.ts'

const commandLimitMs = 15_000
/** A configuration with all defaults spelled out takes some seconds on a small model. */
const exportLimitMs = 60_000
const mostOutputBytes = 4 * 1024 * 1024

/** For what the API lacks. */
export interface RouterOsShell {
  readonly label: string
  /** The whole configuration with its secrets hidden: a record of what was there before. */
  exportConfiguration(signal: AbortSignal): Promise<string>
  /** Volts, milliamperes and watts of a port; `pod/no-power-control` where it has none. */
  poeReading(ethernet: string, signal: AbortSignal): Promise<PoeReading>
  /** Idempotent. */
  close(): Promise<void>
}

const routerOs: SshFarEnd = {
  name: 'switch', refusal: 'pod/refused', loginHint: 'Check the user and the password or key; the user needs the right "ssh"',
  reachHint: 'Is it on, is the address right, and is SSH switched on there?', newKeyWhen: 'Was the switch reset?',
}

/** `link/unreachable`, `pod/refused` for a wrong login, `device/wrong-identity` with the key in `context.hostKeySha256`. */
export async function openRouterOsShell(place: SshPlace, clock: Clock, signal: AbortSignal): Promise<RouterOsShell> {
  const { client, label, lost, close } = await openSsh(place, clock, signal, routerOs)
  const demandLine = (): void => {
    const why = lost()
    if (why) throw closedLine(label, why)
  }

  const run = async (command: string, what: string, limitMs: number, parent: AbortSignal): Promise<string> => {
    parent.throwIfAborted()
    demandLine()
    const text = await withDeadline(clock, limitMs, `${what} at ${label}`, parent, async (limited) => outputOf(client, command, label, limited))
    // Half an answer is none.
    demandLine()
    const complaint = shellComplaint(text)
    if (complaint !== undefined) throw new WorkbenchError('pod/refused', `${what} failed at ${label}: ${shown(complaint)}`, { context: { shell: label } })
    return text
  }

  return {
    label,
    exportConfiguration: async (parent) => {
      // One line for each item, so that no value is torn by the width of a terminal.
      const text = await run('/export terse', 'Reading the configuration', exportLimitMs, parent)
      if (!looksLikeExport(text)) throw new WorkbenchError('link/garbled', `${label} gave something that is no RouterOS configuration: ${shown(text)}`, { hint: 'Check the address; and the user needs the rights "ssh", "read" and "policy"' })
      return maskSecrets(text)
    },
    poeReading: async (ethernet, parent) => {
      const quoted = shellQuoted(ethernet)
      if (quoted === undefined) throw new WorkbenchError('input/malformed', `"${shown(ethernet)}" cannot be the name of a port`, { hint: 'Letters, digits, blanks and dashes' })
      const text = await run(`/interface ethernet poe monitor ${quoted} once`, 'Reading the PoE power', commandLimitMs, parent)
      const reading = parsePoeMonitor(text)
      if (!reading) throw new WorkbenchError('pod/no-power-control', `${ethernet} at ${label} shows no PoE status`, { context: { port: ethernet }, hint: 'Check the name of the port' })
      return reading
    },
    close,
  }
}

async function outputOf(client: Client, command: string, label: string, signal: AbortSignal): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    client.exec(command, (failed, stream) => {
      if (failed) { reject(closedLine(label, failed)); return }
      const stop = (): void => { stream.destroy(); reject(signal.reason as Error) }
      // The answer to the request may come after the caller has gone.
      if (signal.aborted) { stop(); return }
      signal.addEventListener('abort', stop, { once: true })
      collect(stream, label).then(resolve, reject).finally(() => { signal.removeEventListener('abort', stop) }).catch(() => undefined)
    })
  })
}

async function collect(stream: ClientChannel, label: string): Promise<string> {
  const parts: Uint8Array[] = []
  let totalBytes = 0
  let exit: number | string | undefined
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Uint8Array): void => {
      totalBytes += chunk.length
      parts.push(chunk)
      if (totalBytes <= mostOutputBytes) return
      reject(new WorkbenchError('device/too-much-output', `${label} answers without end`, { context: { limitBytes: mostOutputBytes } }))
      stream.destroy()
    }
    stream.on('data', take)
    stream.stderr.on('data', take)
    stream.on('error', reject)
    stream.on('exit', (code: number | null, signalName?: string) => { exit = code ?? signalName ?? 'unknown' })
    stream.on('close', () => { resolve() })
  })
  const text = Buffer.concat(parts).toString('utf8')
  // Not every version tells how the command ended; a line that breaks tells nothing either, and is noticed one turn later.
  if (exit === undefined) { await new Promise<void>((resolve) => { setImmediate(resolve) }); return text }
  if (exit !== 0 && shellComplaint(text) === undefined) throw new WorkbenchError('pod/refused', `${label} ended the command with ${exit}: ${shown(text)}`, { context: { exit } })
  return text
}

function closedLine(label: string, error: Error | undefined): WorkbenchError {
  return new WorkbenchError('link/closed', `The connection to ${label} is lost: ${shown(error?.message ?? 'unknown reason')}`, { hint: 'Look at the switch: it may have restarted', cause: error })
}
