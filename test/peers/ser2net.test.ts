import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { openTransport } from '../../src/main/drivers/transports/openTransport.ts'
import { parseTransportUrl } from '../../src/main/drivers/transports/transportUrl.ts'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { describeTransport, type OpenedLine, readExactly } from '../contract/transport.contract.ts'
import { farEndOfTransport, openPtyPair } from '../support/farEnds.ts'
import { createRealClock } from '../support/realClock.ts'
import { findSer2net, startSer2net } from '../support/ser2net.ts'
import { describeWithPeer } from './peerGate.ts'

const clock = createRealClock()
const limit = (): AbortSignal => AbortSignal.timeout(10_000)
const openUrl = async (url: string): Promise<Transport> => openTransport(parseTransportUrl(url), { clock, signal: limit() })
const program = findSer2net()
const missing = [...(program === undefined ? ['ser2net'] : []), ...(spawnSync('socat', ['-V']).status === 0 ? [] : ['socat'])]

/** A pty pair with ser2net at one end; ourselves at its TCP port and at the other end. */
async function openLine(): Promise<OpenedLine> {
  const pair = await openPtyPair()
  const server = await startSer2net(program ?? '', pair.near)
  const far = await openUrl(pair.far)
  // The client that looked whether it was up may still be leaving.
  const transport = await retried(async () => openUrl(`rfc2217://127.0.0.1:${server.port}`))
  return {
    // ser2net takes its own time to let go; stopping it closes the line as it does when its machine shuts down.
    transport, farEnd: { ...farEndOfTransport(far), close: server.stop },
    dispose: async () => { await far.close(); await server.stop(); await pair.dispose() },
  }
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 10) throw error
      await clock.sleep(200, limit())
    }
  }
}

describeWithPeer('ser2net', missing, () => {
  describeTransport('rfc2217:// to ser2net', openLine, { closesInOrder: false, setsBaudRate: true, carriesLines: true })

  test('every byte value many times over, in any company, both ways', async () => {
    const line = await openLine()
    const sent = Uint8Array.from({ length: 64 * 1024 }, (_, index) => ((index * 167) ^ (index >> 8) ^ (index % 5 === 0 ? 0xff : 0)) & 0xff)
    const taking = line.farEnd.take(sent.length)
    await line.transport.write(sent, limit())
    expect(Buffer.compare(await taking, sent)).toBe(0)
    const reading = readExactly(line.transport, sent.length)
    await line.farEnd.send(sent)
    expect(Buffer.compare(await reading, sent)).toBe(0)
    await line.transport.close()
    await line.dispose()
  })

  test('confirms rates; modem lines and breaks are sent without waiting for answers that a pty cannot give', async () => {
    const line = await openLine()
    for (const baudRate of [9_600, 921_600, 115_200]) await line.transport.setBaudRate?.(baudRate, limit())
    await line.transport.setLines?.({ dtr: false, rts: false }, limit())
    await line.transport.setLines?.({ dtr: true, rts: true }, limit())
    await line.transport.sendBreak?.(20, limit())
    await line.transport.setBaudRate?.(57_600, limit())
    await line.transport.write(Uint8Array.of(1, 255, 2), limit())
    expect(await line.farEnd.take(3)).toEqual(Uint8Array.of(1, 255, 2))
    await line.transport.close()
    await line.dispose()
  })
})
