import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { joinBytes } from '../../src/shared/lifecycle/byteQueue.ts'

/** Whoever sits at the other end of the line. */
export interface FarEnd {
  /** Resolves when the bytes are in the hands of the system. */
  send(bytes: Uint8Array): Promise<void>
  /** Everything received and not taken yet, at least `lengthBytes`. */
  take(lengthBytes: number): Promise<Uint8Array>
  /** In order where the line knows such a thing, else by pulling the plug. */
  close(): Promise<void>
}
export interface OpenedLine {
  readonly transport: Transport
  readonly farEnd: FarEnd
  readonly dispose: () => Promise<void>
}
export interface TransportTraits {
  /** False for a plug that is pulled: the read may then fail with `link/closed`. */
  readonly closesInOrder: boolean
  readonly setsBaudRate: boolean
  /** The one to change to, where the far end keeps its own: 921600 when left out. */
  readonly newBaudRate?: number
  /** DTR, RTS and a break. */
  readonly carriesLines?: boolean
}

const limit = (): AbortSignal => AbortSignal.timeout(10_000)
const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index)

export async function readExactly(transport: Transport, lengthBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let got = 0; got < lengthBytes;) {
    const chunk = await transport.read(limit())
    if (!chunk) throw new Error(`the line ended after ${got} of ${lengthBytes} bytes`)
    expect(chunk.length).toBeGreaterThan(0)
    parts.push(chunk)
    got += chunk.length
  }
  return joinBytes(parts)
}

/** Cuts where nobody would cut. */
function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const length = [1, 2, 3, 5, 61, 1, 127, 1024][index % 8] ?? 1
    pieces.push(bytes.slice(at, at + length))
    at += length
  }
  return pieces
}

export function describeTransport(name: string, open: () => Promise<OpenedLine>, traits: TransportTraits): void {
  describe(`transport contract: ${name}`, () => {
    let line: OpenedLine
    beforeEach(async () => { line = await open() })
    afterEach(async () => { await line.transport.close(); await line.dispose() })

    test('every byte value passes both ways', async () => {
      await line.transport.write(allBytes, limit())
      expect(await line.farEnd.take(256)).toEqual(allBytes)
      await line.farEnd.send(allBytes)
      expect(await readExactly(line.transport, 256)).toEqual(allBytes)
    })

    test('awkward pieces arrive as one unbroken stream', async () => {
      const long = Uint8Array.from({ length: 6000 }, (_, index) => (index * 31 + (index >> 8)) & 0xff)
      for (const piece of piecesOf(long)) await line.transport.write(piece, limit())
      expect(await line.farEnd.take(long.length)).toEqual(long)
      const sending = (async () => { for (const piece of piecesOf(long)) await line.farEnd.send(piece) })()
      expect(await readExactly(line.transport, long.length)).toEqual(long)
      await sending
    })

    test('writing nothing is no event', async () => {
      await line.transport.write(new Uint8Array(), limit())
      await line.transport.write(Uint8Array.of(7), limit())
      expect(await line.farEnd.take(1)).toEqual(Uint8Array.of(7))
    })

    test('a cancelled read loses no byte', async () => {
      for (let round = 0; round < 8; round += 1) {
        const cancel = new AbortController()
        const reason = new Error('changed my mind')
        const reading = line.transport.read(cancel.signal).then((bytes) => ({ bytes }), (error: unknown) => ({ error }))
        const sent = Uint8Array.from({ length: 5 }, (_, index) => round * 5 + index)
        // Even rounds cancel before the bytes come, odd rounds in the same moment.
        if (round % 2 === 0) cancel.abort(reason)
        await line.farEnd.send(sent)
        cancel.abort(reason)
        const outcome = await reading
        if ('error' in outcome) expect(outcome.error).toBe(reason)
        const early = 'bytes' in outcome && outcome.bytes ? outcome.bytes : new Uint8Array()
        const late = early.length < 5 ? await readExactly(line.transport, 5 - early.length) : new Uint8Array()
        expect(joinBytes([early, late])).toEqual(sent)
      }
    })

    test('a signal that is aborted already reads and writes nothing', async () => {
      const reason = new Error('too late')
      const signal = AbortSignal.abort(reason)
      await expect(line.transport.read(signal)).rejects.toBe(reason)
      await expect(line.transport.write(Uint8Array.of(1), signal)).rejects.toBe(reason)
      await line.transport.write(Uint8Array.of(2), limit())
      expect(await line.farEnd.take(1)).toEqual(Uint8Array.of(2))
    })

    test('discarded input is gone, and what comes later is not', async () => {
      await line.farEnd.send(new Uint8Array(200).fill(0x80))
      const first = await line.transport.read(limit())
      const dropped = await line.transport.discardInput(limit())
      expect((first?.length ?? 0) + dropped).toBe(200)
      await line.farEnd.send(Uint8Array.of(1, 2, 3))
      expect(await readExactly(line.transport, 3)).toEqual(Uint8Array.of(1, 2, 3))
    })

    test('the far end closes in the middle: first the rest of the bytes, then the end; a later write is link/closed', async () => {
      await line.farEnd.send(Uint8Array.of(9, 8, 7))
      expect(await readExactly(line.transport, 3)).toEqual(Uint8Array.of(9, 8, 7))
      const waiting = line.transport.read(limit()).then((bytes) => ({ bytes }), (error: unknown) => ({ error }))
      await line.farEnd.close()
      const outcome = await waiting
      if ('error' in outcome) {
        expect(traits.closesInOrder).toBe(false)
        expect(outcome.error).toMatchObject({ code: 'link/closed' })
      } else expect(outcome.bytes).toBeUndefined()
      await expect(line.transport.write(Uint8Array.of(1), limit())).rejects.toMatchObject({ code: 'link/closed' })
    })

    test('bytes sent just before the end are not lost', async () => {
      if (!traits.closesInOrder) return
      const last = Uint8Array.from({ length: 3000 }, (_, index) => index & 0xff)
      await line.farEnd.send(last)
      await line.farEnd.close()
      expect(await readExactly(line.transport, last.length)).toEqual(last)
      expect(await line.transport.read(limit())).toBeUndefined()
    })

    test('closing on this side ends a waiting read; twice is once; a later write is link/closed', async () => {
      const waiting = line.transport.read(limit())
      await line.transport.close()
      expect(await waiting).toBeUndefined()
      await line.transport.close()
      await expect(line.transport.write(Uint8Array.of(1), limit())).rejects.toMatchObject({ code: 'link/closed' })
    })

    test(`${traits.setsBaudRate ? 'changes' : 'does not offer to change'} the rate`, async () => {
      if (!traits.setsBaudRate) { expect(line.transport.setBaudRate).toBeUndefined(); return }
      await line.transport.setBaudRate?.(traits.newBaudRate ?? 921_600, limit())
      await line.transport.write(allBytes, limit())
      expect(await line.farEnd.take(256)).toEqual(allBytes)
    })

    test(`${traits.carriesLines === true ? 'offers' : 'does not offer'} the modem lines and a break`, () => {
      expect([typeof line.transport.setLines, typeof line.transport.sendBreak]).toEqual(Array.from({ length: 2 }, () => (traits.carriesLines === true ? 'function' : 'undefined')))
    })

    test('the label names the line', () => { expect(line.transport.label.length).toBeGreaterThan(3) })
  })
}
