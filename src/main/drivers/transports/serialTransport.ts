import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { restingBaudRate, type Transport } from '../../../shared/devices/transport.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { mustBeBaudRate, mustBeBreak } from './lineSettings.ts'
import { createLineEnd } from './lineTransport.ts'
import { findPortHolders, holdersText, type PortHolder } from './portHolders.ts'
import { guardAgainstHangUp } from './serialHangUp.ts'

const openLimitMs = 10_000
const changeLimitMs = 5_000
/** Walking over all programs of a busy computer takes some 100 ms; the name of the culprit is worth no more than this. */
const holdersLimitMs = 2_000

export interface SerialPlace {
  readonly label: string
  /** As the system wants it: `/dev/ttyUSB0`, `COM3`, `\\.\COM12`. */
  readonly path: string
}

type Done = (error: Error | null) => void
export interface ModemLines { readonly dtr: boolean; readonly rts: boolean; readonly brk: boolean }

/** What is used of the package's port. */
export interface SerialHandle {
  readonly isOpen: boolean
  /** Of the system at hand; absent until it is open. */
  readonly port?: unknown
  open(done: Done): void
  close(done: Done): void
  write(bytes: Uint8Array, encoding: undefined, done: (error: Error | null | undefined) => void): unknown
  pause(): unknown
  resume(): unknown
  update(options: { readonly baudRate: number }, done: Done): void
  /** Lines that are left out are switched on: the package knows no "as it is". */
  set(lines: ModemLines, done: Done): void
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'error' | 'close', listener: Done): unknown
  once(event: 'open', listener: () => void): unknown
}

/** The computer's side of it. */
export interface SerialDeps {
  readonly createPort: (path: string, baudRate: number) => SerialHandle | Promise<SerialHandle>
  readonly holdersOf: (path: string, signal: AbortSignal) => Promise<readonly PortHolder[]>
  readonly ownPid: number
}

const system: SerialDeps = {
  // A rack of network consoles never loads the package.
  createPort: async (path, baudRate) => new (await import('serialport')).SerialPort({
    path, baudRate, dataBits: 8, parity: 'none', stopBits: 1, rtscts: false, xon: false, xoff: false, autoOpen: false, lock: true,
  }),
  holdersOf: findPortHolders,
  ownPid: process.pid,
}

/** 115200 8N1, no flow control, DTR and RTS off. Fails with `link/unreachable`, `host/no-permission`. */
export async function openSerialTransport({ label, path }: SerialPlace, clock: Clock, signal: AbortSignal, deps: SerialDeps = system): Promise<Transport> {
  signal.throwIfAborted()
  const port = await deps.createPort(path, restingBaudRate)
  // An error without a listener ends the process, and a port that vanished raises one whenever it likes.
  port.on('error', () => undefined)
  const ask: Ask = async (what, limitMs, parent, start) =>
    withDeadline(clock, limitMs, what, parent, async (limited) =>
      orAborted(new Promise<void>((resolve, reject) => { start((error) => { if (error) reject(error); else resolve() }) }), limited))
  try {
    await ask(`Opening ${label}`, openLimitMs, signal, (done) => { port.open(done) })
  } catch (error) {
    // An open that outlives its limit must not keep the port locked.
    port.once('open', () => { port.close(() => undefined) })
    if (signal.aborted) throw error
    throw await notOpened({ label, path }, error, clock, signal, deps)
  }
  guardAgainstHangUp(port.port)
  const line = createLineEnd({
    write: (bytes, done) => port.write(bytes, undefined, done),
    pause: () => port.pause(),
    resume: () => port.resume(),
    close: async () => { if (port.isOpen) await new Promise<void>((resolve) => { port.close(() => { resolve() }) }) },
  }, label, clock)
  port.on('data', line.onBytes)
  port.on('end', line.onEnd)
  port.on('close', (error) => { line.onLost(!error ? 'the port was closed' : isGone(error) ? 'its port is gone; perhaps the adapter was pulled' : reasonOf(error), error) })
  try {
    await dropLines(port, ask, label, signal)
  } catch (error) {
    await line.close()
    throw error
  }
  return { label, read: line.read, take: line.take, write: line.write, discardInput: line.discardInput, close: line.close, ...portFunctions(port, ask, label, clock) }
}

type Ask = (what: string, limitMs: number, parent: AbortSignal, start: (done: Done) => void) => Promise<void>

/** DTR may be wired to the camera's reset, and the system raises it when it opens a port. */
async function dropLines(port: SerialHandle, ask: Ask, label: string, signal: AbortSignal): Promise<void> {
  try {
    await ask(`Switching DTR of ${label} off`, changeLimitMs, signal, (done) => { port.set({ dtr: false, rts: false, brk: false }, done) })
  } catch (error) {
    if (signal.aborted) throw error
    if (port.isOpen && hasNoLines(error)) return
    throw new WorkbenchError('link/unreachable', `${label} cannot be used: its DTR line cannot be switched off: ${reasonOf(error)}`, { context: { line: label }, cause: error })
  }
}

/** A pseudo terminal, or an adapter with three wires: all is well, there is nothing to switch. */
const hasNoLines = (error: unknown): boolean => error instanceof Error && /inappropriate ioctl|ENOTTY|EINVAL|invalid argument|not supported/i.test(error.message)

function portFunctions(port: SerialHandle, ask: Ask, label: string, clock: Clock): Required<Pick<Transport, 'setBaudRate' | 'setLines' | 'sendBreak'>> {
  const changes = createLane()
  let lines = { dtr: false, rts: false }
  const change = async (what: string, parent: AbortSignal, start: (done: Done) => void): Promise<void> => {
    if (!port.isOpen) throw new WorkbenchError('link/closed', `The line to ${label} is closed`, { context: { line: label } })
    try {
      await ask(`Setting ${what} of ${label}`, changeLimitMs, parent, start)
    } catch (error) {
      if (parent.aborted || error instanceof WorkbenchError) throw error
      if (port.isOpen && hasNoLines(error)) throw new WorkbenchError('input/not-supported', `${label} cannot set ${what}`, { context: { line: label }, hint: 'A pseudo terminal or an adapter with three wires has none', cause: error })
      throw new WorkbenchError(port.isOpen && !isGone(error) ? 'input/not-supported' : 'link/closed', `${label} cannot set ${what}: ${reasonOf(error)}`, { context: { line: label }, cause: error })
    }
  }
  const setBreak = async (brk: boolean, signal: AbortSignal): Promise<void> => change('a break', signal, (done) => { port.set({ ...lines, brk }, done) })
  return {
    setBaudRate: async (baudRate, signal) => changes(signal, async () => {
      mustBeBaudRate(baudRate)
      await change(`${baudRate} baud`, signal, (done) => { port.update({ baudRate }, done) })
    }),
    setLines: async (wanted, signal) => changes(signal, async () => {
      const next = { dtr: wanted.dtr ?? lines.dtr, rts: wanted.rts ?? lines.rts }
      await change('its modem lines', signal, (done) => { port.set({ ...next, brk: false }, done) })
      lines = next
    }),
    sendBreak: async (durationMs, signal) => changes(signal, async () => {
      mustBeBreak(durationMs)
      await setBreak(true, signal)
      // Also after a cancel: a line that is held low neither hears nor says anything.
      const release = async (): Promise<void> => setBreak(false, new AbortController().signal)
      try {
        await clock.sleep(durationMs, signal)
      } catch (error) {
        await release().catch(() => undefined) // the line is lost then, and the cancel is the news
        throw error
      }
      await release()
    }),
  }
}

/** The adapter was pulled, and nobody has noticed yet. */
const isGone = (error: unknown): boolean => error instanceof Error && /ENXIO|ENODEV|EIO|EBADF|no such device|input\/output error|bad file/i.test(error.message)

async function notOpened({ label, path }: SerialPlace, error: unknown, clock: Clock, signal: AbortSignal, deps: SerialDeps): Promise<WorkbenchError> {
  const text = error instanceof Error ? error.message : ''
  const context = { line: label }
  if (/cannot lock|EBUSY|resource busy|Access denied|temporarily unavailable/i.test(text)) {
    const asked = withDeadline(clock, holdersLimitMs, `Asking who has ${label}`, signal, async (limited) => deps.holdersOf(path, limited))
    // No name is no reason for another error.
    const holder = holdersText(await asked.catch(() => []), deps.ownPid)
    return new WorkbenchError('link/unreachable', `${label} is in use by ${holder ?? 'another program'}`, {
      context, cause: error, hint: `Close ${holder === undefined ? 'the other terminal or tool' : 'the program'} that has this port open`,
    })
  }
  if (/permission denied|EACCES/i.test(text)) {
    return new WorkbenchError('host/no-permission', `${label} may not be opened by this user`, {
      context, cause: error, hint: 'Add the user to the group of the port (dialout on Debian) and log in again',
    })
  }
  if (/no such|ENOENT|not found/i.test(text)) {
    return new WorkbenchError('link/unreachable', `There is no port ${label}`, { context, cause: error, hint: 'rackbench ports lists the ports of this computer' })
  }
  return new WorkbenchError('link/unreachable', `${label} cannot be opened: ${text || reasonOf(error)}`, { context, cause: error })
}
