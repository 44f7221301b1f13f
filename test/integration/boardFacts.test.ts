import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContractRouterClient } from '@orpc/contract'
import { createRouterClient } from '@orpc/server'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { openLocalWorkbench } from '../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../src/main/hosts/cli/main.ts'
import type { WorkbenchContract } from '../../src/shared/contracts/workbench.contract.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { createFakeCli } from '../support/fakeCli.ts'

const resourcesFolder = join(import.meta.dirname, '../../resources')
const soon = { timeout: 20_000 } as const
const start = (sensor: string): string => [
  'U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000) hi3516ev300', 'SF: Detected W25Q128 with page size 256 Bytes, erase size 64 KiB, total 16 MiB', 'Starting kernel ...',
  '[    0.000000] Linux version 4.9.37 (runner@builder) #1 Sun May 10 04:11:52 UTC 2026',
  '[    0.000000] Kernel command line: mem=32M console=ttyAMA0,115200 mtdparts=hi_sfc:256k(boot),64k(env),-(rootfs_data)',
  `Get data from environment and set SENSOR as ${sensor}`, 'set SENSOR as ../../etc/passwd', '',
].join('\r\n')

test('what a console ever said of its board is known, the newest counts, and a restart of this program forgets nothing', { timeout: 90_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-board-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const sockets = new Set<Socket>()
  const server = createServer((socket) => { sockets.add(socket); socket.on('error', () => undefined); socket.on('close', () => { sockets.delete(socket) }) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => new Promise((resolve) => { for (const each of sockets) each.destroy(); server.close(() => { resolve() }) }))
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  const pod = (letter: string, port: number) => ({ id: `pod-${letter}`, name: `bench ${letter}`, url: `tcp://127.0.0.1:${String(port)}`, cameraId: `cam-${letter}`, cameraName: `front ${letter}`, chip: 'hi3516ev300' })
  await writeFile(join(dataFolder, 'rack.json'), JSON.stringify({ version: 1, pods: [pod('a', (server.address() as AddressInfo).port), pod('b', 1)] }))
  const open = async (): Promise<OpenWorkbench> => {
    const workbench = await createWorkbench({ host: 'web', version: 'test', dataFolder, homeFolder: folder, tftpPort: 0, resourcesFolder, log: () => undefined }, { loadRack: true })
    onTestFinished(async () => workbench.close())
    return workbench
  }
  const facts = async (workbench: OpenWorkbench, camera = 'cam-a') => {
    const client = createRouterClient(workbench.router) as unknown as ContractRouterClient<WorkbenchContract>
    const board = await client.inventory.board({ cameraId: cameraIdSchema.parse(camera) })
    return { ...board, said: Object.fromEntries(board.facts.map(({ fact, text }) => [fact, text])) }
  }

  const first = await open()
  await expect.poll(() => sockets.size, soon).toBe(1)
  for (const sensor of ['imx307', 'imx335']) for (const socket of sockets) socket.write(start(sensor))
  const expected = { sensor: 'imx335', flash: 'W25Q128, 16 MiB', partitions: 'hi_sfc:256k(boot),64k(env),-(rootfs_data)', firmware: expect.stringContaining('Linux version 4.9.37') }
  await expect.poll(async () => (await facts(first)).said, soon).toEqual(expected)
  // The place is that of the line which says so.
  const board = await facts(first)
  const sensor = board.facts.find(({ fact }) => fact === 'sensor')
  const { pieces } = await (createRouterClient(first.router) as unknown as ContractRouterClient<WorkbenchContract>).captures.read({ session: sensor!.session, offset: sensor!.offset, maxBytes: 60 })
  expect(pieces.map(({ bytes }) => bytes).join('')).toMatch(/^Get data from environment and set SENSOR as imx335/)
  expect(board.heardAtMs).toBeGreaterThan(0)
  // Another camera's console says nothing of this one.
  expect(await facts(first, 'cam-b')).toEqual({ facts: [], note: '', said: {} })
  await first.close()

  const again = await open()
  expect((await facts(again)).said).toEqual(expected)
  await again.close()

  const fake = createFakeCli({ dataFolder })
  const code = await runCli(['rack', 'board', 'front a'], { ...fake.deps, openWorkbench: async (options) => openLocalWorkbench({ version: '1', homeFolder: folder, environment: {}, resourcesFolder }, options) })
  expect(`${String(code)} ${fake.out.lines.join('\n')}`).toMatch(/^0 .*sensor +imx335 .*Last heard at 20\d\d-/s)
})
