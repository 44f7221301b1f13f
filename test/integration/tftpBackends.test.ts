import { afterEach, describe, expect, test } from 'vitest'
import { createHostTftpBackend } from '../../src/main/drivers/tftp/hostTftpBackend.ts'
import { createPodTftpBackend } from '../../src/main/drivers/tftp/podTftpBackend.ts'
import { openTftpServer } from '../../src/main/drivers/tftp/tftpServer.ts'
import type { TftpServer } from '../../src/main/drivers/tftp/tftpTypes.ts'
import type { RackPod } from '../../src/shared/devices/rackPod.ts'
import { createMemoryNetwork } from '../support/memoryNetwork.ts'
import { fetchByTftp } from '../support/tftpClient.ts'
import { createVirtualClock } from '../support/virtualClock.ts'

const signal = new AbortController().signal
const badNames = ['', 'a/b', '../x', '.', '..', 'a b', 'a\nb', 'a?b', 'a#b', 'a%b', 'a\\b', 'a;reset', 'a$b', 'a&b', '-a', '.a', 'ä', 'x'.repeat(65)]
const servers: TftpServer[] = []
afterEach(async () => { for (const server of servers.splice(0)) await server.close() })

async function host() {
  const clock = createVirtualClock()
  const network = createMemoryNetwork({ clock })
  const server = await openTftpServer({ network, address: '10.0.0.1', port: 69, clock })
  servers.push(server)
  const open = (tag?: string) => createHostTftpBackend({ server, serverAddress: '10.0.2.2', cameraAddress: '10.0.2.15', ...(tag === undefined ? {} : { tag }) })
  const fetch = async (name: string) => clock.run(fetchByTftp(network, clock, { address: '10.0.0.1', port: 69 }, { name }))
  return { server, open, fetch }
}

describe('the host backend', () => {
  test('serves what was staged, under the name it gives back, until it is removed', async () => {
    const { open, fetch } = await host()
    const backend = open('Ab-3!xyz-999')
    expect(backend).toMatchObject({ kind: 'host', serverAddress: '10.0.2.2', cameraAddress: '10.0.2.15', port: 69 })
    const seen: number[] = []
    const file = await backend.stage('kernel', new Uint8Array(700), signal, (doneBytes) => { seen.push(doneBytes) })
    expect(file).toMatchObject({ name: 'kernel-Ab3xyz99', lengthBytes: 700 })
    expect(seen).toEqual([700])
    expect(await fetch(file.name)).toMatchObject({ kind: 'done' })
    await file.remove(signal)
    expect(await fetch(file.name)).toMatchObject({ kind: 'refused', number: 1 })
  })
  test('two jobs with the same image do not meet, two without a tag are told', async () => {
    const { open, fetch } = await host()
    const first = await open('one').stage('kernel', Uint8Array.of(1), signal)
    const second = await open('two').stage('kernel', Uint8Array.of(2), signal)
    expect(await fetch(first.name)).toMatchObject({ bytes: Uint8Array.of(1) })
    expect(await fetch(second.name)).toMatchObject({ bytes: Uint8Array.of(2) })
    await open().stage('plain', Uint8Array.of(3), signal)
    await expect(open().stage('plain', Uint8Array.of(4), signal)).rejects.toMatchObject({ code: 'input/conflict' })
  })
  test('clear takes its own files and no others; the same name again replaces', async () => {
    const { open, server } = await host()
    const [mine, other] = [open('mine'), open('other')]
    await mine.stage('a', new Uint8Array(10), signal)
    const newer = await mine.stage('a', new Uint8Array(20), signal)
    await other.stage('a', new Uint8Array(10), signal)
    expect((await mine.capacity(signal)).freeBytes).toBe(1024 ** 3 - 20)
    await mine.clear(signal)
    expect(server.offered(newer.name)).toBe(false)
    expect(server.offered('a-other')).toBe(true)
  })
  test('an old staging that is removed does not take the newer one along', async () => {
    const { open, server } = await host()
    const backend = open()
    const old = await backend.stage('a', new Uint8Array(10), signal)
    await backend.stage('a', new Uint8Array(20), signal)
    await old.remove(signal)
    expect(server.offered('a')).toBe(true)
    expect((await backend.capacity(signal)).freeBytes).toBe(1024 ** 3 - 20)
  })
  test.each(badNames)('the name %j is refused', async (name) => {
    const { open } = await host()
    await expect(open().stage(name, new Uint8Array(1), signal)).rejects.toMatchObject({ code: 'input/malformed' })
  })
})

describe('the pod backend', () => {
  function pod(): { pod: RackPod; asked: string[] } {
    const asked: string[] = []
    const note = (what: string) => async (): Promise<void> => { asked.push(what) }
    return { asked, pod: {
      label: 'pod', power: note('power'), clear: note('clear'), setBaudRate: note('baud'),
      fastboot: async () => ({ success: true, lastPhase: 'done', elapsedMs: 1, handshakeMarkers: 6 }),
      stage: async (name, bytes, _signal, onProgress) => { asked.push(`stage ${name} ${bytes.length}`); onProgress?.(bytes.length) },
      unstage: async (name) => { asked.push(`unstage ${name}`) },
      store: async () => ({ files: [], maxFiles: 4, maxFileBytes: 8_388_608, freeBytes: 6_291_456, largestFreeBytes: 4_194_304 }),
    } }
  }
  test('stages, removes and clears in the memory of the pod, for the addresses of its camera side', async () => {
    const far = pod()
    const backend = createPodTftpBackend({ pod: far.pod })
    expect(backend).toMatchObject({ kind: 'pod', serverAddress: '192.168.1.1', cameraAddress: '192.168.1.20', port: 69 })
    const file = await backend.stage('uImage', new Uint8Array(5), signal)
    await file.remove(signal)
    await backend.clear(signal)
    expect(far.asked).toEqual(['stage uImage 5', 'unstage uImage', 'clear'])
    expect(await backend.capacity(signal)).toEqual({ maxFiles: 4, maxFileBytes: 8_388_608, freeBytes: 6_291_456, largestFreeBytes: 4_194_304 })
  })
  test.each(badNames)('the name %j is refused before any request', async (name) => {
    const far = pod()
    await expect(createPodTftpBackend({ pod: far.pod }).stage(name, new Uint8Array(1), signal)).rejects.toMatchObject({ code: 'input/malformed' })
    expect(far.asked).toEqual([])
  })
})
