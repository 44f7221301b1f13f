import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { Client, type ClientChannel } from 'ssh2'
import { reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'
import { looksLikeExport, maskSecrets, parsePoeMonitor, type PoeReading, shellComplaint, shellQuoted } from '../../protocols/routeros/shellText.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

const connectLimitMs = 15_000
const commandLimitMs = 15_000
/** A configuration with all defaults spelled out takes some seconds on a small model. */
const exportLimitMs = 60_000
const mostOutputBytes = 4 * 1024 * 1024

export interface RouterOsShellPlace {
  readonly host: string
  readonly port?: number | undefined
  readonly user: string
  readonly secret: { readonly password: string } | { readonly privateKey: string; readonly passphrase?: string | undefined }
  /** As `ssh-keygen -l` shows it: `SHA256:` and base64. Absent: the first use fails and shows it. */
  readonly hostKeySha256: string | undefined
}

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

/** `link/unreachable`, `pod/refused` for a wrong login, `device/wrong-identity` with the key in `context.hostKeySha256`. */
export async function openRouterOsShell(place: RouterOsShellPlace, clock: Clock, signal: AbortSignal): Promise<RouterOsShell> {
  const port = place.port ?? 22
  const label = `ssh://${isIPv6(place.host) ? `[${place.host}]` : place.host}:${port}`
  const client = await connected(place, port, label, clock, signal)
  let lost: Error | undefined
  client.on('error', (error) => { lost ??= error })
  const gone = new Promise<void>((resolve) => { client.once('close', () => { lost ??= new Error('the connection was closed'); resolve() }) })

  const run = async (command: string, what: string, limitMs: number, parent: AbortSignal): Promise<string> => {
    parent.throwIfAborted()
    if (lost) throw closedLine(label, lost)
    const text = await withDeadline(clock, limitMs, `${what} at ${label}`, parent, async (limited) => outputOf(client, command, label, limited))
    // Half an answer is none.
    if (lost) throw closedLine(label, lost)
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
    close: async () => {
      client.end()
      client.destroy()
      await gone
    },
  }
}

async function connected(place: RouterOsShellPlace, port: number, label: string, clock: Clock, signal: AbortSignal): Promise<Client> {
  signal.throwIfAborted()
  const { host, user: username, secret, hostKeySha256 } = place
  const client = new Client()
  let wrongKey: WorkbenchError | undefined
  const hostVerifier = (key: Buffer): boolean => { wrongKey = checkKey(label, key, hostKeySha256); return wrongKey === undefined }
  const login = 'password' in secret
    ? { password: secret.password }
    : { privateKey: secret.privateKey, ...(secret.passphrase === undefined ? {} : { passphrase: secret.passphrase }) }
  try {
    await withDeadline(clock, connectLimitMs, `Connecting to ${label}`, signal, async (limited) => new Promise<void>((resolve, reject) => {
      limited.addEventListener('abort', () => { reject(limited.reason as Error) }, { once: true })
      client.once('ready', resolve).once('error', reject).once('close', () => { reject(new Error('the far end closed the line')) })
      // The limits are ours; its own timer would only hide them.
      client.connect({ host, port, username, hostVerifier, readyTimeout: 0, keepaliveInterval: 0, ...login })
    }))
  } catch (error) {
    client.on('error', () => undefined)
    client.destroy()
    if (wrongKey) throw wrongKey
    if (signal.aborted) throw error
    throw noLogin(label, username, error)
  }
  client.removeAllListeners('error')
  client.removeAllListeners('close')
  client.setNoDelay(true)
  return client
}

function noLogin(label: string, user: string, error: unknown): WorkbenchError {
  const level = error instanceof Error && 'level' in error ? error.level : undefined
  if (level === 'client-authentication') {
    return new WorkbenchError('pod/refused', `${label} refused the login of "${user}"`, { context: { user }, hint: 'Check the user and the password or key; the user needs the right "ssh"', cause: error })
  }
  const late = error instanceof WorkbenchError && error.code === 'link/timeout'
  return new WorkbenchError('link/unreachable', `${label} cannot be reached: ${late ? `no answer within ${connectLimitMs / 1000} s` : shown(reasonOf(error))}`, { hint: 'Is it on, is the address right, and is SSH switched on there?', cause: error })
}

const plainKey = (text: string): string => text.trim().replace(/^SHA256:/i, '').replace(/=+$/, '')

/** Before any password is sent. */
function checkKey(label: string, key: Uint8Array, known: string | undefined): WorkbenchError | undefined {
  const found = `SHA256:${plainKey(createHash('sha256').update(key).digest('base64'))}`
  const context = { hostKeySha256: found }
  if (known === undefined) {
    return new WorkbenchError('device/wrong-identity', `The host key of ${label} is not known yet; its fingerprint is ${found}`, { context, hint: 'Compare it with the one that the switch shows, and accept it if they are the same' })
  }
  if (plainKey(known) === plainKey(found)) return undefined
  return new WorkbenchError('device/wrong-identity', `The host key of ${label} is not the accepted one; its fingerprint is ${found}`, { context, hint: 'Was the switch reset? If not, somebody else answers there; no password was sent' })
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
