import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type ChipDesk, createChipDesk } from '../../src/main/composition/chipDesk.ts'
import { readSocs } from '../../src/main/composition/restoreDesk.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { bootStandIns } from '../../src/main/sim/standIns.ts'

const never = new AbortController().signal
const { profileJson, uboot } = bootStandIns()

async function openDesk(ubootUrl?: string): Promise<{ readonly desk: ChipDesk; readonly folder: string; readonly dataFolder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-chips-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const socs = readSocs(JSON.parse(await readFile(join(import.meta.dirname, '../../resources/soc.json'), 'utf8')))
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  return { desk: createChipDesk({ clock: createSystemClock(), fetch: globalThis.fetch, socs, dataFolder, ubootUrl }), folder, dataFolder }
}
const entry = async (desk: ChipDesk, name: string) => (await desk.list(never)).find((chip) => chip.name === name)

async function serveUboot(bytes: () => Uint8Array): Promise<{ readonly url: string; readonly asked: string[]; stop(): Promise<void> }> {
  const asked: string[] = []
  const server = createServer((request, response) => { asked.push(request.url ?? ''); response.end(bytes()) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const stop = async (): Promise<void> => new Promise<void>((resolve) => { server.closeAllConnections(); server.close(() => { resolve() }) })
  onTestFinished(stop)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked, stop }
}

test('every chip of the catalogue is listed, and none is ready without its files', async () => {
  const { desk } = await openDesk()
  const chips = await desk.list(never)
  expect(chips).toHaveLength(122)
  expect(chips.filter(({ ready }) => ready)).toEqual([])
  expect(await entry(desk, 'hi3516ev300')).toMatchObject({ protocol: 'standard', needs: ['profile', 'U-Boot image'] })
  expect(await entry(desk, 'gk7205v500')).toMatchObject({ protocol: 'v500', needs: ['U-Boot image'] })
})

test('a profile and a U-Boot make a chip ready; the U-Boot is asked for once and is there without the network', async () => {
  const web = await serveUboot(() => uboot)
  const { desk, folder, dataFolder } = await openDesk(web.url)
  await writeFile(join(folder, 'hi3516ev300.json'), profileJson)
  const imported = await desk.importProfiles(join(folder, 'hi3516ev300.json'), never)
  expect(imported).toMatchObject({ imported: ['hi3516ev300'], refused: [], ready: [] })
  expect(await entry(desk, 'hi3516ev300')).toMatchObject({ ready: false, needs: ['U-Boot image'] })
  expect(await desk.getUboot({ chip: 'hi3516ev300' }, never)).toMatchObject({ from: 'download' })
  expect(await entry(desk, 'hi3516ev300')).toMatchObject({ ready: true, needs: [] })
  await web.stop()
  const again = await desk.getUboot({ chip: 'hi3516ev300' }, never)
  expect(again.from).toBe('cache')
  expect(Buffer.compare(await readFile(again.path), uboot)).toBe(0)
  expect(again.path.startsWith(dataFolder)).toBe(true)
  expect(web.asked).toHaveLength(1)
})

test('a cached U-Boot that is not the one first used is refused', async () => {
  const web = await serveUboot(() => uboot)
  const { desk } = await openDesk(web.url)
  const { path } = await desk.getUboot({ chip: 'hi3516ev300' }, never)
  const other = Uint8Array.from(uboot)
  other[5000] = (other[5000] ?? 0) ^ 1
  await writeFile(path, other)
  await expect(desk.getUboot({ chip: 'hi3516ev300' }, never)).rejects.toMatchObject({ code: 'input/conflict' })
})

test('asked for again: the same is taken, a new release only when it is expected, and how much has come is told', async () => {
  let published = uboot
  const web = await serveUboot(() => published)
  const { desk } = await openDesk(web.url)
  const first = await desk.getUboot({ chip: 'hi3516ev300' }, never)
  expect(await desk.getUboot({ chip: 'hi3516ev300', refresh: 'same' }, never)).toEqual(first)
  published = Uint8Array.from(uboot, (byte, index) => (index === 5000 ? byte ^ 1 : byte))
  await expect(desk.getUboot({ chip: 'hi3516ev300', refresh: 'same' }, never)).rejects.toMatchObject({ code: 'input/conflict' })
  expect(await desk.getUboot({ chip: 'hi3516ev300' }, never)).toMatchObject({ from: 'cache', sha256: first.sha256 })
  const told: (readonly [number, number | undefined])[] = []
  const other = await desk.getUboot({ chip: 'hi3516ev300', refresh: 'accept-other' }, never, (done, total) => { told.push([done, total]) })
  expect(other.sha256).not.toBe(first.sha256)
  expect(told.at(-1)).toEqual([uboot.length, uboot.length])
  expect(await desk.getUboot({ chip: 'hi3516ev300' }, never)).toMatchObject({ from: 'cache', sha256: other.sha256 })
  expect(web.asked).toHaveLength(4)
  await expect(desk.getUboot({ chip: 'hi3516a', refresh: 'same' }, never)).rejects.toMatchObject({ code: 'input/missing-file' })
})

test('a profile for other addresses than the chip has is not kept', async () => {
  const { desk, folder } = await openDesk()
  await writeFile(join(folder, 'hi3516ev300.json'), profileJson.replace('0x04013000', '0x04023000'))
  const result = await desk.importProfiles(join(folder, 'hi3516ev300.json'), never).catch((error: unknown) => error)
  expect(result).toMatchObject({ imported: [] })
  expect(await entry(desk, 'hi3516ev300')).toMatchObject({ needs: ['profile', 'U-Boot image'] })
})
