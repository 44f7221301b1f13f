import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { type CameraId, cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { inventoryManySchema } from '../../src/shared/rack/inventoryMany.schema.ts'

const never = new AbortController().signal
const id = (number: number): CameraId => cameraIdSchema.parse(`cam-${String(number)}`)
const wish = (more: Record<string, unknown>) => inventoryManySchema.parse(more)

async function bench(cameras: number, loadRack = false): Promise<{ readonly workbench: OpenWorkbench; readonly inFile: () => Promise<readonly { readonly inventory?: unknown }[]> }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-many-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'data'))
  const file = join(folder, 'data', 'rack.json')
  const pods = Array.from({ length: cameras }, (_, index) => ({ id: `pod-${String(index)}`, name: 'bench', url: `tcp://127.0.0.1:${String(9 + index)}`, cameraId: id(index), cameraName: `name-${String(index)}`, chip: 'hi3516ev300', ...(index === 1 ? { inventory: { labels: Array.from({ length: 32 }, (__, label) => `l${String(label)}`), group: 'full', notes: 'n' } } : {}) }))
  await writeFile(file, JSON.stringify({ version: 1, pods }))
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined }, { loadRack })
  onTestFinished(async () => workbench.close())
  return { workbench, inFile: async () => (JSON.parse(await readFile(file, 'utf8')) as { pods: { inventory?: unknown }[] }).pods }
}

test('labels and groups of many: each has its own outcome, and what cannot be changed stays as it was', async () => {
  const { workbench: { inventories, rack }, inFile } = await bench(3, true)
  const first = await inventories.setMany(wish({ cameraIds: [id(0), id(1), id(9)], addLabels: ['qa', 'lens=4mm'], group: 'hall 2' }), never)
  expect(first).toEqual([
    { cameraId: id(0), camera: 'name-0', state: 'changed', note: '' },
    { cameraId: id(1), camera: 'name-1', state: 'failed', note: 'It would have 34 labels, and a camera has at most 32' },
    { cameraId: id(9), camera: id(9), state: 'failed', note: 'It is not in the rack any more' },
  ])
  expect(await inFile()).toMatchObject([{ inventory: { labels: ['qa', 'lens=4mm'], group: 'hall 2' } }, { inventory: { group: 'full', notes: 'n' } }, {}])
  expect((await inFile())[2]).not.toHaveProperty('inventory')
  expect(rack.find(id(0))?.spec.inventory).toMatchObject({ labels: ['qa', 'lens=4mm'] })
  const second = await inventories.setMany(wish({ cameraIds: [id(0), id(1), id(2)], removeLabels: ['qa', 'l0'] }), never)
  expect(second.map(({ state }) => state)).toEqual(['changed', 'changed', 'same'])
  expect(await inFile()).toMatchObject([{ inventory: { labels: ['lens=4mm'], group: 'hall 2' } }, { inventory: { group: 'full', notes: 'n' } }, {}])
})

test('maintenance of many: above eight their number is typed; labels need none', async () => {
  const { workbench: { inventories }, inFile } = await bench(9)
  const cameraIds = Array.from({ length: 9 }, (_, index) => id(index))
  await expect(inventories.setMany(wish({ cameraIds, maintenance: { note: 'move' } }), never)).rejects.toMatchObject({ code: 'input/conflict', hint: 'Type their number, 9' })
  await expect(inventories.setMany(wish({ cameraIds, maintenance: null, confirm: '8' }), never)).rejects.toMatchObject({ code: 'input/conflict' })
  expect((await inFile()).filter(({ inventory }) => inventory !== undefined)).toHaveLength(1)
  expect((await inventories.setMany(wish({ cameraIds: cameraIds.slice(0, 8), maintenance: { note: 'move' } }), never)).map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => 'changed'))
  // A second note begins nothing anew, and the ninth joins them.
  expect((await inventories.setMany(wish({ cameraIds, maintenance: { note: 'move' }, confirm: ' 9 ' }), never)).map(({ state }) => state).join(' ')).toBe(`${'same '.repeat(8)}changed`)
  expect((await inventories.setMany(wish({ cameraIds, maintenance: null, confirm: '9' }), never)).every(({ state }) => state === 'changed')).toBe(true)
  expect((await inFile()).some(({ inventory }) => 'maintenance' in (inventory as object))).toBe(false)
  expect((await inventories.setMany(wish({ cameraIds: cameraIds.filter((each) => each !== id(1)), addLabels: ['qa'] }), never)).every(({ state }) => state === 'changed')).toBe(true)
})

test('simulated cameras are labelled for as long as they are there', async () => {
  const { workbench: { inventories, rack, setup }, inFile } = await bench(1)
  await setup.openDemo()
  const [camera] = rack.view().pods.flatMap(({ cameras }) => cameras)
  expect(await inventories.setMany(wish({ cameraIds: [camera!.id, id(0)], addLabels: ['demo'] }), never)).toMatchObject([{ state: 'changed' }, { state: 'changed' }])
  expect(rack.find(camera!.id)?.spec.inventory?.labels).toEqual(['demo'])
  expect(await inFile()).toMatchObject([{ inventory: { labels: ['demo'] } }])
})
