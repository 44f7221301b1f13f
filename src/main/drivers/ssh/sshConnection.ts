import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Client } from 'ssh2'
import { type ErrorCode, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'

const connectLimitMs = 15_000

export interface SshPlace {
  readonly host: string
  readonly port?: number | undefined
  readonly user: string
  readonly secret: { readonly password: string } | { readonly privateKey: string; readonly passphrase?: string | undefined }
  /** As `ssh-keygen -l` shows it: `SHA256:` and base64. Absent: the first use fails and shows it. */
  readonly hostKeySha256: string | undefined
}

export interface SshConnection {
  readonly client: Client
  readonly label: string
  /** Why it ended, once it has. */
  readonly lost: () => Error | undefined
  /** Idempotent. */
  close(): Promise<void>
}

/** What differs between the kinds of far ends: the code of a refused login, and the words that help a person there. */
export interface SshFarEnd {
  readonly name: string
  readonly refusal: ErrorCode
  readonly loginHint: string
  readonly reachHint: string
  /** Why its key may rightly be another one. */
  readonly newKeyWhen: string
}

const appliance: SshFarEnd = {
  name: 'appliance', refusal: 'device/refused', loginHint: 'Check the user and the password or key',
  reachHint: 'Is it on, is the address right, and does its SSH server run?', newKeyWhen: 'Was the appliance installed anew?',
}

/** `link/unreachable`, the far end's own code for a wrong login, `device/wrong-identity` with the key in `context.hostKeySha256`. */
export async function openSsh(place: SshPlace, clock: Clock, signal: AbortSignal, farEnd: SshFarEnd = appliance): Promise<SshConnection> {
  signal.throwIfAborted()
  const { host, port = 22, user, secret, hostKeySha256 } = place
  const label = `ssh://${isIPv6(host) ? `[${host}]` : host}:${port}`
  // Its cryptography is loaded when the first line over SSH is opened.
  const ssh = await import('ssh2')
  const client = new ssh.Client()
  let wrongKey: WorkbenchError | undefined
  const hostVerifier = (key: Buffer): boolean => { wrongKey = checkKey(label, key, hostKeySha256, farEnd); return wrongKey === undefined }
  const login = 'password' in secret ? secret : { privateKey: secret.privateKey, ...(secret.passphrase === undefined ? {} : { passphrase: secret.passphrase }) }
  try {
    await withDeadline(clock, connectLimitMs, `Connecting to ${label}`, signal, async (limited) => new Promise<void>((resolve, reject) => {
      limited.addEventListener('abort', () => { reject(limited.reason as Error) }, { once: true })
      client.once('ready', resolve).once('error', reject).once('close', () => { reject(new Error('the far end closed the line')) })
      // The limits are ours; its own timer would only hide them.
      client.connect({ host, port, username: user, hostVerifier, readyTimeout: 0, keepaliveInterval: 0, ...login })
    }))
  } catch (error) {
    client.on('error', () => undefined)
    client.destroy()
    if (wrongKey) throw wrongKey
    if (signal.aborted) throw error
    throw noLogin(label, user, error, farEnd)
  }
  client.removeAllListeners('error')
  client.removeAllListeners('close')
  // Small requests one after the other: waiting to fill a packet costs 40 ms each.
  client.setNoDelay(true)
  let lost: Error | undefined
  client.on('error', (error) => { lost ??= error })
  const gone = new Promise<void>((resolve) => { client.once('close', () => { lost ??= new Error('the connection was closed'); resolve() }) })
  return { client, label, lost: () => lost, close: async () => { client.end(); client.destroy(); await gone } }
}

function noLogin(label: string, user: string, error: unknown, farEnd: SshFarEnd): WorkbenchError {
  if (error instanceof Error && 'level' in error && error.level === 'client-authentication') {
    return new WorkbenchError(farEnd.refusal, `${label} refused the login of "${user}"`, { context: { user }, hint: farEnd.loginHint, cause: error })
  }
  // Said by the library before anything is sent.
  if (error instanceof Error && /private ?key/i.test(error.message) && !('level' in error)) {
    return new WorkbenchError('input/malformed', `The private key cannot be used: ${shown(error.message)}`, { hint: 'A key in the form of OpenSSH or PEM, without a passphrase', cause: error })
  }
  const late = error instanceof WorkbenchError && error.code === 'link/timeout'
  return new WorkbenchError('link/unreachable', `${label} cannot be reached: ${late ? `no answer within ${connectLimitMs / 1000} s` : shown(reasonOf(error))}`, { hint: farEnd.reachHint, cause: error })
}

const plainKey = (text: string): string => text.trim().replace(/^SHA256:/i, '').replace(/=+$/, '')

/** Before any password is sent. */
function checkKey(label: string, key: Uint8Array, known: string | undefined, farEnd: SshFarEnd): WorkbenchError | undefined {
  const found = `SHA256:${plainKey(createHash('sha256').update(key).digest('base64'))}`
  const context = { hostKeySha256: found }
  if (known === undefined) {
    return new WorkbenchError('device/wrong-identity', `The host key of ${label} is not known yet; its fingerprint is ${found}`, { context, hint: `Compare it with the one that the ${farEnd.name} shows, and accept it if they are the same` })
  }
  if (plainKey(known) === plainKey(found)) return undefined
  return new WorkbenchError('device/wrong-identity', `The host key of ${label} is not the accepted one; its fingerprint is ${found}`, { context, hint: `${farEnd.newKeyWhen} If not, somebody else answers there; no password was sent` })
}
