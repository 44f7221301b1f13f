import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { restingBaudRate, type Transport } from '../../../shared/devices/transport.ts'
import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { createDeferred, type Deferred } from '../../../shared/lifecycle/signals.ts'
import { controls, parities, stopSizes } from '../../protocols/rfc2217/frame.ts'
import { writeData, writePortSetting } from '../../protocols/rfc2217/writer.ts'
import { mustBeBaudRate, mustBeBreak } from './lineSettings.ts'
import { createLineEnd } from './lineTransport.ts'
import { createPortControl, type PortControl } from './rfc2217Control.ts'
import { openTcpTransport, type TcpPlace } from './tcpTransport.ts'

/** A bridge over WiFi takes some 100 ms for it; one that is no RFC 2217 server never answers. */
const agreeLimitMs = 5_000
const changeLimitMs = 5_000

/**
 * Telnet COM port control: 115200 8N1, no flow control. The modem lines stay as they are, because some bridges cut the
 * camera's power by them. Fails with `link/unreachable`.
 */
export async function openRfc2217Transport(place: TcpPlace, clock: Clock, signal: AbortSignal): Promise<Transport> {
  return commandPort(await openTcpTransport(place, clock, signal), clock, signal)
}

/** Speaks RFC 2217 over an open line and owns it from now on, also when this fails. */
export async function commandPort(socket: Transport, clock: Clock, signal: AbortSignal): Promise<Transport> {
  const { label } = socket
  const over = new AbortController()
  const gate = createGate()
  const end = (why: string): void => { over.abort(new WorkbenchError('link/closed', `The line to ${label} is lost: ${why}`, { context: { line: label } })) }
  const line = createLineEnd({
    write: (bytes, done) => { socket.write(writeData(bytes), over.signal).then(() => { done() }, (error: unknown) => { done(error as Error) }) },
    pause: gate.shut,
    resume: gate.open,
    close: async () => {
      end('it was closed on this side')
      control.fail('it was closed on this side')
      await socket.close()
    },
  }, label, clock)
  const lose = (why: string, cause?: unknown): void => {
    line.onLost(why, cause)
    control.fail(why)
    end(why)
    // The far end is let go at once; what goes wrong with that, the owner's own close hears.
    socket.close().catch(() => undefined)
  }
  const control = createPortControl({ label, onData: line.onBytes, onLost: lose, send: async (bytes) => socket.write(bytes, over.signal) })
  const listen = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await gate.passed()
      const chunk = await socket.read(over.signal)
      if (chunk) { control.hear(chunk); continue }
      line.onEnd()
      control.fail('the far end closed it')
      return
    }
  }
  listen().catch((error: unknown) => { if (!over.signal.aborted) lose(error instanceof Error ? error.message : 'it broke', error) })
  try {
    await agree(control, label, clock, signal)
  } catch (error) {
    await line.close()
    throw error
  }
  return { label, read: line.read, take: line.take, write: line.write, discardInput: line.discardInput, close: line.close, ...portFunctions(control, label, clock) }
}

async function agree(control: PortControl, label: string, clock: Clock, parent: AbortSignal): Promise<void> {
  try {
    await withDeadline(clock, agreeLimitMs, `Agreeing with ${label}`, parent, async (signal) => {
      await control.agree(signal)
      // Not every server answers this one, so nobody waits; that one insists on flow control is heard all the same.
      await control.send(writePortSetting('setControl', controls.noFlowControl))
      // The server takes commands in order, so all may be sent before the first answer.
      await Promise.all([
        control.confirmed('setBaudRate', restingBaudRate, signal), control.confirmed('setDataSize', 8, signal),
        control.confirmed('setParity', parities.none, signal), control.confirmed('setStopSize', stopSizes.one, signal),
      ])
    })
  } catch (error) {
    if (parent.aborted) throw error
    const isLate = error instanceof WorkbenchError && error.code === 'link/timeout'
    const why = isLate ? `${control.missing()} within ${agreeLimitMs / 1000} s` : error instanceof Error ? error.message : 'it broke'
    throw new WorkbenchError('link/unreachable', `${label} cannot be used: ${why}`, {
      context: { line: label }, cause: error, hint: 'Is it an RFC 2217 port that no other program holds? A raw port is opened with tcp://host:port',
    })
  }
}

function portFunctions(control: PortControl, label: string, clock: Clock): Required<Pick<Transport, 'setBaudRate' | 'setLines' | 'sendBreak'>> {
  const changes = createLane()
  const command = async (values: readonly number[], signal: AbortSignal): Promise<void> => {
    const bytes = joinBytes(values.map((value) => writePortSetting('setControl', value)))
    await withDeadline(clock, changeLimitMs, `Sending a command to ${label}`, signal, async () => control.send(bytes))
  }
  return {
    setBaudRate: async (baudRate, signal) => changes(signal, async () => {
      mustBeBaudRate(baudRate)
      await withDeadline(clock, changeLimitMs, `Setting ${label} to ${baudRate} baud`, signal, async (limited) => control.confirmed('setBaudRate', baudRate, limited))
    }),
    // Off begins with DTR and on ends with it: that is the pulse which bridges with a power switch know.
    setLines: async ({ dtr, rts }, signal) => changes(signal, async () => command([
      ...(dtr === false ? [controls.dtrOff] : []), ...(rts === false ? [controls.rtsOff] : []),
      ...(rts === true ? [controls.rtsOn] : []), ...(dtr === true ? [controls.dtrOn] : []),
    ], signal)),
    sendBreak: async (durationMs, signal) => changes(signal, async () => {
      mustBeBreak(durationMs)
      await command([controls.breakOn], signal)
      // Also after a cancel: a line that is held low neither hears nor says anything.
      const release = async (): Promise<void> => command([controls.breakOff], new AbortController().signal)
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

/** Lets a reader through, or makes it wait. */
function createGate(): { readonly passed: () => Promise<void>; readonly shut: () => void; readonly open: () => void } {
  let shut: Deferred<void> | undefined
  return {
    passed: async () => shut?.promise,
    shut: () => { shut ??= createDeferred() },
    open: () => { shut?.resolve(); shut = undefined },
  }
}
