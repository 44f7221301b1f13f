import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openTransport } from '../../src/main/drivers/transports/openTransport.ts'
import { parseTransportUrl } from '../../src/main/drivers/transports/transportUrl.ts'
import { serveSimRack } from '../../src/main/sim/serveSimRack.ts'
import { createSimRack } from '../../src/main/sim/simRack.ts'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { createRealClock } from '../support/realClock.ts'

const clock = createRealClock()
const limit = (): AbortSignal => AbortSignal.timeout(10_000)
const undo: (() => Promise<unknown>)[] = []
afterEach(async () => { for (let next = undo.pop(); next; next = undo.pop()) await next() })

async function serve(rfc2217Base: number | undefined) {
  const folder = await mkdtemp(join(tmpdir(), 'sim-rfc2217-'))
  undo.push(async () => rm(folder, { recursive: true, force: true }))
  const rack = createSimRack({ clock, pods: 2, speed: 'fast' })
  undo.push(async () => rack.close())
  const served = await serveSimRack({ rack, host: '127.0.0.1', portBase: 0, rfc2217Base, clock, log: () => undefined, folder })
  undo.push(async () => served.close())
  return served.announcement.pods
}
const open = async (url: string): Promise<Transport> => {
  const transport = await openTransport(parseTransportUrl(url), { clock, signal: limit() })
  undo.push(transport.close)
  return transport
}
async function see(transport: Transport, pattern: RegExp): Promise<string> {
  for (let text = ''; ;) {
    const chunk = await transport.read(limit())
    if (!chunk) throw new Error(`ended after ${text}`)
    text += new TextDecoder().decode(chunk)
    if (pattern.test(text)) return text
  }
}

test('a camera boots on the RFC 2217 port of its pod, and its prompt answers', async () => {
  const [pod] = await serve(0)
  const transport = await open(pod?.rfc2217 ?? '')
  await fetch(`${pod?.http ?? ''}/power/cycle`, { method: 'POST' })
  await see(transport, /Press Ctrl-c to stop autoboot/)
  await transport.write(Uint8Array.of(3), limit())
  await see(transport, /OpenIPC # $/)
  await transport.write(new TextEncoder().encode('version\r'), limit())
  expect(await see(transport, /OpenIPC # $/)).toContain('U-Boot')
})

test('each pod has its own port; the raw one beside it is the same line, for one client', async () => {
  const pods = await serve(0)
  expect(new Set(pods.map(({ rfc2217 }) => rfc2217)).size).toBe(2)
  const transport = await open(pods[0]?.rfc2217 ?? '')
  const second = await open(pods[0]?.uart ?? '')
  expect(await second.read(limit())).toBeUndefined()
  await expect(transport.setBaudRate?.(600, limit())).rejects.toMatchObject({ code: 'input/not-supported' })
  await transport.setBaudRate?.(921_600, limit())
})

test('without the wish there is none', async () => {
  const [pod] = await serve(undefined)
  expect(pod).not.toHaveProperty('rfc2217')
})
