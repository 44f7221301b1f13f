import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { expect, onTestFinished, test } from 'vitest'
import { createUploadDesk } from '../../src/main/composition/tftpDoor.ts'
import { createConsole } from '../../src/main/core/consoles/consoleHub.ts'
import { enterUboot } from '../../src/main/core/uboot/enterUboot.ts'
import type { WorkConsole } from '../../src/main/core/uboot/workConsole.ts'
import { planDump } from '../../src/main/core/workflows/dump/dumpPlan.ts'
import { runDump } from '../../src/main/core/workflows/dump/dumpWorkflow.ts'
import { bytesOfLoad } from '../../src/main/core/workflows/restore/layout.ts'
import { placeOnNand } from '../../src/main/core/workflows/restore/nandLayout.ts'
import { planRestore } from '../../src/main/core/workflows/restore/plan.ts'
import { readInput } from '../../src/main/core/workflows/restore/readInput.ts'
import type { RawRestoreInput } from '../../src/main/core/workflows/restore/rawInput.ts'
import { runRestore } from '../../src/main/core/workflows/restore/restoreWorkflow.ts'
import { inspectDumpPlace, openHiddenDump } from '../../src/main/drivers/files/dumpFolder.ts'
import { readRestoreInput } from '../../src/main/drivers/files/inputFolder.ts'
import { hashHex, newPoison, newToken } from '../../src/main/drivers/host/randomness.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { createHostTftpBackend } from '../../src/main/drivers/tftp/hostTftpBackend.ts'
import { openTftpServer } from '../../src/main/drivers/tftp/tftpServer.ts'
import { createUdpNetwork } from '../../src/main/drivers/tftp/udpNetwork.ts'
import { openUnixSocketTransport } from '../../src/main/drivers/transports/unixSocketTransport.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { crc32, hexCrc } from '../../src/shared/bytes/crc32.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { type DumpedRange, type DumpRequest, dumpRequestSchema } from '../../src/shared/dump/dump.schema.ts'
import { dumpRecordSchema } from '../../src/shared/dump/dumpRecord.schema.ts'
import type { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { JobNews } from '../../src/shared/jobs/jobEvent.ts'
import { withCleanup } from '../../src/shared/lifecycle/cleanup.ts'
import { type PartitionProgress, restoreRequestSchema } from '../../src/shared/restore/restore.schema.ts'
import { buildUbiImage } from '../support/ubiBuilder.ts'
import { describeWithPeer } from './peerGate.ts'
import { missingForNandSandbox, type NandSandbox, startNandSandbox } from './ubootNand/nandSandbox.ts'

const block = 128 * 1024
const lebBytes = 126_976
const mtdparts = 'hinand:1024k(boot),1024k(env),4096k(kernel),32768k(ubi),1024k(data),-(rest)'
const never = new AbortController().signal
const clock = createSystemClock()
const tools = { hashHex, parseYaml: (text: string): unknown => parseYaml(text) as unknown }
const kernel = denseBytes(2_055_676, 2)
const rootfs = denseBytes(77 * lebBytes, 3)
const settings = denseBytes(100_000, 4)
const boot = denseBytes(250_000, 1)
const ubi = buildUbiImage([
  { id: 0, name: 'rootfs', kind: 'dynamic', data: rootfs, reservedBlocks: 90 }, { id: 1, name: 'settings', kind: 'static', data: settings, reservedBlocks: 4 },
  { id: 4, name: 'logs', kind: 'dynamic', data: new Uint8Array(), reservedBlocks: 8 },
], { eraseBytes: block })

interface Camera {
  readonly sandbox: NandSandbox
  readonly console: WorkConsole
  /** At the prompt, as it was left. */
  readonly ask: (command: string) => Promise<string>
}

interface Outcome extends Camera {
  readonly error: WorkbenchError | undefined
  readonly partitions: ReadonlyMap<string, PartitionProgress>
}

async function openCamera(prepare: readonly string[]): Promise<Camera> {
  const sandbox = await startNandSandbox()
  onTestFinished(async () => sandbox.stop())
  const hub = createConsole({ cameraId: cameraIdSchema.parse('cam-1'), open: async (signal) => openUnixSocketTransport({ label: 'sandbox', path: sandbox.consolePath }, clock, signal), clock, log: () => undefined })
  onTestFinished(async () => hub.close())
  const line = await hub.exclusive('test', never)
  await line.attach(never)
  const console: WorkConsole = { ...line, tail: () => hub.tail(4096) }
  const session = await enterUboot({ console, clock, newToken, limitMs: 20_000 }, never)
  const ask = async (command: string): Promise<string> => session.run(command, { limitMs: 30_000 }, never)
  for (const command of [`setenv ethact ${sandbox.ethernet}`, 'setenv ethrotate no', ...prepare]) await ask(command)
  return { sandbox, console, ask }
}

/** Its memory begins at 0. */
const soc = { name: 'sandbox', protocol: 'standard', stepAddress: 0, splAddress: 0, payloadAddress: 0, splWindowBytes: 0, prestep0Bytes: 0, ddrstep0Bytes: 0, prestep1Bytes: 0, ramBase: 0, loadAddress: 0x2000000 } as const
const boots = { method: 'manual', profile: '', uboot: '', blob: undefined, problems: [] } as const

/** The product's restore, from the plan to the last proof; what it would do after that ends this U-Boot and its NAND with it. */
async function restore(images: readonly { readonly name: string; readonly bytes: Uint8Array }[] | RawRestoreInput, prepare: readonly string[], table = mtdparts): Promise<Outcome> {
  const camera = await openCamera(prepare)
  const { sandbox, console } = camera
  const server = await openTftpServer({ network: createUdpNetwork(), address: sandbox.hostAddress, port: 0, clock })
  onTestFinished(async () => server.close())
  const { hostAddress, cameraAddress } = sandbox
  const request = restoreRequestSchema.parse({ cameraId: 'cam-1', inputPath: '/images', flashType: 'auto', mtdparts: table, tftpVia: 'host', hostIp: hostAddress, deviceIp: cameraAddress })
  const { plan, loads } = planRestore({
    request, cameraName: 'cam-1', podName: 'sandbox', chip: 'sandbox', flashBytes: 0,
    soc,
    input: readInput('kind' in images ? images : { kind: 'folder', path: '/images', files: images, ignored: [] }, tools, true),
    boot: boots,
    tftp: { hasPod: false, store: undefined, hostAddress: { address: hostAddress, reason: 'test' }, hostPort: server.port },
  }, tools)
  expect(plan.refusals).toEqual([])
  const partitions = new Map<string, PartitionProgress>()
  const over = new AbortController()
  const last = plan.partitions.at(-1)?.name ?? ''
  const tell = (news: JobNews): void => {
    if (news.type === 'partition-changed') partitions.set(news.partition.name, news.partition)
    if (news.type === 'phase-finished' && news.phase === `write:${last}`) over.abort(new Error('enough'))
  }
  const error = await withCleanup({ clock, onUndoFailed: () => undefined }, async (cleanup) => runRestore({
    plan, loads, imageOf: bytesOfLoad, clock, newToken, newPoison, starter: { method: 'manual', ask: async () => undefined },
    takeLease: async () => ({ release: async () => undefined }), openConsole: async () => ({ ...console, release: async () => undefined }),
    openBackend: async () => ({ backend: createHostTftpBackend({ server, serverAddress: hostAddress, cameraAddress }), close: async () => undefined }),
  }, { signal: over.signal, tell, cleanup, clock })).then(() => undefined, (reason: unknown) => reason as WorkbenchError)
  return { ...camera, error: over.signal.aborted ? undefined : error, partitions }
}

interface Dumped {
  readonly folder: string
  readonly ranges: readonly DumpedRange[]
  readonly error: WorkbenchError | undefined
}

/** The product's dump of what lies in that NAND now; the reset behind it ends this U-Boot. */
async function dump({ sandbox, console }: Camera, more: Partial<DumpRequest>): Promise<Dumped> {
  const dir = await mkdtemp(join(tmpdir(), 'rackbench-dump-'))
  onTestFinished(async () => rm(dir, { recursive: true, force: true }))
  const { hostAddress, cameraAddress } = sandbox
  const server = await openTftpServer({ network: createUdpNetwork(), address: hostAddress, port: 0, clock })
  onTestFinished(async () => server.close())
  const outputPath = join(dir, 'dump')
  const request = dumpRequestSchema.parse({ cameraId: 'cam-1', outputPath, mtdparts, hostIp: hostAddress, deviceIp: cameraAddress, boot: 'own', ...more })
  const { plan } = planDump({
    request, cameraName: 'cam-1', podName: 'sandbox', chip: 'sandbox', soc, flashBytes: 0, hasPod: false, output: await inspectDumpPlace(outputPath, 'folder'),
    boot: boots, hostAddress: { address: hostAddress, reason: 'test' }, hostPort: server.port,
  }, tools)
  expect(plan.refusals).toEqual([])
  const ranges: DumpedRange[] = []
  const tell = (news: JobNews): void => { if (news.type === 'range-dumped') ranges.push(news.range) }
  const error = await withCleanup({ clock, onUndoFailed: () => undefined }, async (cleanup) => runDump({
    plan, clock, newToken, newPoison, hashHex, ubootVersionsIn: () => [], starter: { method: 'manual', ask: async () => undefined },
    takeLease: async () => ({ release: async () => undefined }), openConsole: async () => ({ ...console, release: async () => undefined }),
    openOutput: async (signal) => openHiddenDump(outputPath, 'folder', signal),
    openUploads: async () => ({ ...createUploadDesk(server, { serverAddress: hostAddress, cameraAddress }, new Map()), close: async () => undefined }),
  }, { signal: never, tell, cleanup, clock })).then(() => undefined, (reason: unknown) => reason as WorkbenchError)
  return { folder: outputPath, ranges, error }
}

const crcText = (bytes: Uint8Array): string => hexCrc(crc32(bytes))

describeWithPeer('NAND and UBI of a real U-Boot', missingForNandSandbox(), () => {
  test('raw partitions and UBI volumes, with bad blocks in each', { timeout: 90_000 }, async () => {
    // The second block of the kernel, two of UBI's, one of boot.
    const { error, partitions, ask } = await restore(
      [{ name: 'mtd0', bytes: boot }, { name: 'mtd2', bytes: kernel }, { name: 'mtd3', bytes: ubi }],
      ['nand markbad 0x220000 0x600000 0x660000 0x20000'],
    )
    expect(error).toBeUndefined()
    expect([...partitions.values()].map(({ name, state }) => [name, state])).toEqual(['mtd2', 'mtd3:rootfs', 'mtd3:settings', 'mtd3:logs', 'mtd0'].map((name) => [name, 'proved']))
    for (const each of partitions.values()) expect(each.readBackCrc32).toBe(each.crc32)
    expect(partitions.get('mtd3:rootfs')?.crc32).toBe(crcText(rootfs))

    // Once more by hand, and at places that only a skip explains.
    await ask('mw.l 0x2000000 0 0x400000')
    await ask(`nand read 0x2000000 0x240000 0x${(kernel.length - block).toString(16)}`)
    expect(await ask(`crc32 0x2000000 0x${(kernel.length - block).toString(16)}`)).toContain(crcText(kernel.subarray(block)))
    await ask('ubi part ubi 2048')
    await ask(`ubi read 0x2000000 settings 0x${settings.length.toString(16)}`)
    expect(await ask(`crc32 0x2000000 0x${settings.length.toString(16)}`)).toContain(crcText(settings))
    expect(await ask('ubi info l')).toMatch(/vol_id\s+4\s[^]*name\s+logs/)
  })

  test('one image of the whole chip, with bad blocks that the chip it came from did not have', { timeout: 90_000 }, async () => {
    const whole = new Uint8Array(40 * 1024 * 1024).fill(0xff)
    whole.set(boot, 0)
    whole.set(kernel, 0x200000)
    whole.set(ubi, 0x600000)
    // One of boot, one of the kernel, UBI's first; and old contents where the image is erased.
    const { error, partitions, ask } = await restore({ kind: 'file', path: '/nand.bin', name: 'nand.bin', bytes: whole }, [
      'nand markbad 0x20000 0x240000 0x600000', 'mw.b 0x2000000 0x5a 0x20000', 'nand write 0x2000000 0x1e0000 0x20000', 'nand write 0x2000000 0x26e0000 0x20000',
    ])
    expect(error).toBeUndefined()
    expect([...partitions.values()].map(({ name, state }) => [name, state])).toEqual([
      ['mtd2', 'proved'], ['mtd1', 'proved'], ['mtd4', 'proved'], ['mtd5', 'unchanged'], ['mtd3:rootfs', 'proved'], ['mtd3:settings', 'proved'], ['mtd3:logs', 'proved'], ['mtd0', 'proved']])
    // By hand: the kernel behind its bad block, and what had to become erased.
    const rest = kernel.subarray(2 * block)
    await ask('mw.l 0x2000000 0 0x400000')
    await ask(`nand read 0x2000000 0x260000 0x${rest.length.toString(16)}`)
    expect(await ask(`crc32 0x2000000 0x${rest.length.toString(16)}`)).toContain(crcText(rest))
    for (const place of ['0x1e0000', '0x26e0000']) {
      await ask('mw.l 0x2000000 0 0x8000')
      await ask(`nand read 0x2000000 ${place} 0x20000`)
      expect(await ask('crc32 0x2000000 0x20000')).toContain(crcText(new Uint8Array(block).fill(0xff)))
    }
    await ask('ubi part ubi 2048')
    await ask(`ubi read 0x2000000 rootfs 0x${rootfs.length.toString(16)}`)
    expect(await ask(`crc32 0x2000000 0x${rootfs.length.toString(16)}`)).toContain(crcText(rootfs))
  })

  test('a partition whose good blocks do not hold the image is refused, and nothing is erased', { timeout: 60_000 }, async () => {
    const full = denseBytes(8 * block, 5)
    const { error, partitions, ask } = await restore([{ name: 'mtd4', bytes: full }], ['nand markbad 0x2640000', 'mw.b 0x2000000 0x5a 0x20000', 'nand write 0x2000000 0x2600000 0x20000'])
    expect(error).toMatchObject({ code: 'input/too-large', context: { neededBlocks: 8, goodBlocks: 7 } })
    expect(partitions.size).toBe(0)
    await ask('nand read 0x3000000 0x2600000 0x20000')
    expect(await ask('crc32 0x3000000 0x20000')).toContain(crcText(new Uint8Array(block).fill(0x5a)))
  })

  test('a UBI without room refuses in a way that loses the end of the line, and that is told', { timeout: 60_000 }, async () => {
    const volumes = buildUbiImage([{ id: 0, name: 'a', kind: 'dynamic', data: denseBytes(10 * lebBytes, 6), reservedBlocks: 200 }, { id: 1, name: 'b', kind: 'dynamic', data: denseBytes(lebBytes, 7), reservedBlocks: 50 }], { eraseBytes: block })
    const { error, partitions } = await restore([{ name: 'mtd3', bytes: volumes }], [])
    expect(error?.code).toBe('device/refused')
    expect(error?.message).toMatch(/exit not allowed|not enough PEBs/)
    expect(partitions.get('mtd3:b')?.state).not.toBe('proved')
  })

  // Printed: `tftpput` reads another memory than this build's commands, and ends it.
  test('a dump of a UBI with bad blocks, found by auto, which the restore can take apart', { timeout: 120_000 }, async () => {
    const table = 'hinand:1024k(boot),3584k(ubi),-(rest)'
    const files = denseBytes(9_000, 8)
    const volumes = buildUbiImage([{ id: 0, name: 'rootfs', kind: 'dynamic', data: files.subarray(0, 5_000), reservedBlocks: 1 }, { id: 1, name: 'settings', kind: 'static', data: files, reservedBlocks: 1 }], { eraseBytes: block })
    const camera = await restore([{ name: 'mtd1', bytes: volumes }], ['nand markbad 0x100000 0x160000'], table)
    expect(camera.error).toBeUndefined()
    const { error, ranges, folder } = await dump(camera, { via: 'md', mtdparts: table, partition: 'ubi' })
    expect(error).toBeUndefined()
    expect(ranges).toMatchObject([{ name: 'ubi', offsetBytes: 0x100000, lengthBytes: 26 * block }])
    const input = readInput(await readRestoreInput(folder, { signal: never }), tools, false)
    expect(input).toMatchObject({ flash: { kind: 'nand' }, mtdparts: table })
    const { parts } = placeOnNand(input, input.mtdparts)
    const volume = (name: string): Uint8Array => parts.find((part) => part.name === `mtd1:${name}`)?.bytes ?? new Uint8Array()
    expect(crcText(volume('rootfs').subarray(0, 5_000))).toBe(crcText(files.subarray(0, 5_000)))
    expect(crcText(volume('settings'))).toBe(crcText(files))
    const { flash, parts: told } = dumpRecordSchema.parse(JSON.parse(await readFile(join(folder, 'dump.json'), 'utf8')))
    expect(flash).toMatchObject({ kind: 'nand', lengthBytes: 0x8000000, pageBytes: 2048, blockBytes: block, badBlocks: [0x100000, 0x160000] })
    expect(told).toMatchObject([{ badBlocks: [0x100000, 0x160000] }])
  })

  test('one partition with a bad block in its middle, as this U-Boot prints it', { timeout: 90_000 }, async () => {
    const camera = await openCamera(['nand markbad 0x220000', 'mw.b 0x2000000 0xff 0x40000', 'mw.b 0x2008000 0x5a 0x8000', 'mw.b 0x2038000 0xa5 0x8000', 'nand write 0x2000000 0x200000 0x40000'])
    const { error, folder } = await dump(camera, { via: 'md', flashType: 'nand', mtdparts: 'hinand:384k@2048k(piece),-(rest)', partition: 'piece' })
    expect(error).toBeUndefined()
    expect((await readFile(join(folder, 'mtd0'))).equals(Buffer.alloc(2 * block, 0xff).fill(0x5a, 0x8000, 0x10000).fill(0xa5, 0x38000))).toBe(true)
  })
})
