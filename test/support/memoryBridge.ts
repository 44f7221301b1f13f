import type { OpenTransport, Transport } from '../../src/shared/devices/transport.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { createByteQueue } from '../../src/shared/lifecycle/byteQueue.ts'
import { createDeferred, orAborted } from '../../src/shared/lifecycle/signals.ts'

/** The far end of a console line: one client at a time, says what it is told to say. */
export interface MemoryBridge {
  readonly open: OpenTransport
  say(text: string | Uint8Array): void
  /** The line goes away under the client. */
  drop(how?: 'in order' | 'broken'): void
  /** refuses: nobody answers · hangs: until the signal aborts · late: until `comeAbout`, whatever the signal says. */
  behave(how: 'answers' | 'refuses' | 'hangs' | 'late'): void
  comeAbout(): void
  /** Refused: the far end does not follow. */
  refuseRates(refuse: boolean | 'after the change'): void
  clients(): number
  /** What the far end runs at; it stays when the client goes. */
  baudRate(): number
  /** Of the modem lines and breaks, as text. */
  acts(): readonly string[]
  opened(): number
  written(): string
}

export function createMemoryBridge({ hasControl = false }: { readonly hasControl?: boolean } = {}): MemoryBridge {
  let how: 'answers' | 'refuses' | 'hangs' | 'late' = 'answers'
  const late = createDeferred<void>()
  let client: ReturnType<typeof createByteQueue> | undefined
  let opened = 0
  let written = ''
  let baudRate = 115_200
  let refusesRates: boolean | 'after the change' = false
  const acts: string[] = []
  const open: OpenTransport = async (signal) => {
    signal.throwIfAborted()
    if (how === 'hangs') await orAborted(new Promise(() => undefined), signal)
    else if (how === 'late') await late.promise
    else if (how === 'refuses') throw new WorkbenchError('link/unreachable', 'connection refused')
    if (client) throw new WorkbenchError('link/unreachable', 'the bridge has a client already')
    const queue = createByteQueue()
    client = queue
    opened += 1
    const control: Partial<Transport> = {
      setBaudRate: async (rate) => {
        if (refusesRates !== true) baudRate = rate
        if (refusesRates !== false) throw new WorkbenchError('pod/refused', 'no rate')
      },
      setLines: async (lines) => { acts.push(JSON.stringify(lines)) },
      sendBreak: async (durationMs) => { acts.push(`break ${durationMs}`) },
    }
    const transport: Transport = {
      ...(hasControl ? control : {}),
      label: 'memory://bridge',
      read: async (readSignal) => queue.read(readSignal),
      write: async (bytes) => {
        if (client !== queue) throw new WorkbenchError('link/closed', 'no line')
        written += new TextDecoder().decode(bytes)
      },
      discardInput: async () => queue.discard(),
      close: async () => { queue.end(); if (client === queue) client = undefined },
    }
    return transport
  }
  return {
    open,
    say: (text) => { client?.push(typeof text === 'string' ? new TextEncoder().encode(text) : text) },
    drop: (kind = 'in order') => {
      if (kind === 'broken') client?.fail(new WorkbenchError('link/closed', 'connection reset'))
      else client?.end()
      client = undefined
    },
    behave: (next) => { how = next },
    comeAbout: () => { late.resolve() },
    refuseRates: (refuse) => { refusesRates = refuse },
    baudRate: () => baudRate,
    acts: () => acts,
    clients: () => (client ? 1 : 0),
    opened: () => opened,
    written: () => written,
  }
}
