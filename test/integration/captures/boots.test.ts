import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { findBoots } from '../../../src/main/drivers/storage/captureIndex/bootTable.ts'
import { createLineIndexer } from '../../../src/main/drivers/storage/captureIndex/indexLines.ts'
import { openIndexFile } from '../../../src/main/drivers/storage/captureIndex/indexFile.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { bootQuerySchema } from '../../../src/shared/captures/boots.schema.ts'
import { groupBoots } from '../../../src/shared/captures/bootStats.ts'
import { bytes, gate, never } from '../../support/captureBench.ts'
import { createFakeCli } from '../../support/fakeCli.ts'

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-boots-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}
async function open(folder: string): Promise<OpenWorkbench> {
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  return workbench
}
const start = 'U-Boot 2016.11 (Jan 01 2024)\r\nDRAM:  64 MiB\r\nStarting kernel ...\r\n[    0.000000] Linux version 4.9.37 (gcc 7.5.0)\r\n'
const rest = '[    1.000000] mmc0: new card\r\n[    2.000000] Freeing unused kernel memory: 1024K\r\ninit started: BusyBox\r\n'
const all = bootQuerySchema.parse({})
const soon = () => AbortSignal.timeout(20_000)

test('boots as they come: phases, firmware, a login that nobody answered yet, and the same after a restart', async () => {
  const folder = await dataFolder()
  const workbench = await open(folder)
  const tap = workbench.captures.store.open(gate)
  tap.received(bytes(start))
  await workbench.captures.caughtUp(soon())
  expect((await workbench.boots.list(all, never)).boots).toMatchObject([{ camera: 'cam-1', isLast: true, firmware: 'Linux version 4.9.37 (gcc 7.5.0)', begins: { uboot: 0 } }])
  tap.received(bytes(`${rest}openipc login: `))
  await workbench.captures.caughtUp(soon())
  const [waiting] = (await workbench.boots.list(all, never)).boots
  expect(Object.keys(waiting?.begins ?? {})).toEqual(['uboot', 'kernel', 'init', 'login'])
  tap.received(bytes(`\r\n${start.replace('64 MiB', '128 MiB')}[    1.000000] mmc0: error -110\r\n[    2.5] Kernel panic\r\n`))
  await workbench.captures.caughtUp(soon())
  await tap.close()
  await workbench.close()
  const again = await open(folder)
  await again.captures.caughtUp(soon())
  const { boots, isCut } = await again.boots.list(all, never)
  expect(boots.map(({ isLast, begins }) => [isLast, Object.keys(begins).join()])).toEqual([[true, 'uboot,kernel'], [false, 'uboot,kernel,init,login']])
  expect(isCut).toBe(false)
  expect(boots[1]).toMatchObject({ startOffset: 0 })
  expect(await again.boots.list(bootQuerySchema.parse({ limit: 1 }), never)).toMatchObject({ boots: [boots[0]], isCut: true })
  expect((await again.boots.list(bootQuerySchema.parse({ firmware: '4.9.3_' }), never)).boots).toEqual([])

  const found = await again.boots.compare({ session: boots[1]!.session, startOffset: boots[1]!.startOffset }, { session: boots[0]!.session, startOffset: boots[0]!.startOffset }, never)
  const first = found.rows[found.firstDifference ?? -1]
  expect([first?.a?.text, first?.b?.text]).toEqual(['[    1.000000] mmc0: new card', undefined])
  expect(found.rows.slice(0, found.firstDifference).map(({ a }) => a?.text)).toEqual(['U-Boot 2016.11 (Jan 01 2024)', 'DRAM:  64 MiB', 'Starting kernel ...', '[    0.000000] Linux version 4.9.37 (gcc 7.5.0)'])
  expect(found.rows.map(({ b }) => b?.text)).toContain('[    1.000000] mmc0: error -110')
  await expect(again.boots.compare({ session: boots[0]!.session, startOffset: 7 }, boots[0]!, never)).rejects.toMatchObject({ code: 'input/not-found' })

  const fake = createFakeCli({ workbench: { boots: again.boots, captures: again.captures, close: async () => undefined } })
  expect(await runCli(['captures', 'boots', 'cam-1'], fake.deps)).toBe(0)
  expect(fake.out.lines.join('\n')).toMatch(/2 boots, 1 to the login prompt/)
  const names = boots.map(({ session, startOffset }) => `${session}@${startOffset}`)
  const compared = createFakeCli({ workbench: { boots: again.boots, captures: again.captures, close: async () => undefined } })
  expect(await runCli(['captures', 'compare', names[1]!, names[0]!], compared.deps)).toBe(0)
  expect(compared.out.lines.find((line) => line.startsWith('>>'))).toContain('mmc0: new card')
  expect(compared.out.lines.at(-1)).toMatch(/^First difference in kernel/)
  const json = createFakeCli({ workbench: { boots: again.boots, captures: again.captures, close: async () => undefined } })
  expect(await runCli(['captures', 'boots', 'cam-1', '--output', 'json'], json.deps)).toBe(0)
  expect(json.events()[0]).toMatchObject({ boots: [{ name: names[0] }, { name: names[1], phases: [{ phase: 'uboot' }, { phase: 'kernel' }, { phase: 'init' }] }] })
})
test('garbage, a line of a megabyte and escape bombs make no boot and hide none', async () => {
  const workbench = await open(await dataFolder())
  const tap = workbench.captures.store.open(gate)
  const noise = Array.from({ length: 50_000 }, (_, index) => String.fromCharCode((index * 73 + index % 11) % 256)).join('')
  tap.received(bytes(`${noise}\r\n${'A'.repeat(1_048_576)}\r\n${'\u001b]0;U-Boot 2016.11 '.repeat(500)}\r\n\u00ff\u00fe\r\n${start}${noise}\r\n\u001b[1m${rest}`))
  await tap.close()
  await workbench.captures.caughtUp(soon())
  const { boots } = await workbench.boots.list(all, never)
  expect(boots.map(({ begins }) => Object.keys(begins).join())).toEqual(['uboot,kernel,init'])
  const ref = { session: boots[0]!.session, startOffset: boots[0]!.startOffset }
  const { rows, firstDifference } = await workbench.boots.compare(ref, ref, never)
  expect(rows.length).toBeGreaterThan(10)
  expect(firstDifference).toBeUndefined()
})
test('what the quota deletes takes its boots along', async () => {
  const folder = await dataFolder()
  const { database } = openIndexFile(join(folder, 'index.sqlite'))
  onTestFinished(() => { database.close() })
  database.exec("INSERT INTO cameras VALUES (1, 'cam-1', 0); INSERT INTO parts VALUES (1, '/gone', 1, 's', 0, 0, 0, 0, 0, 1), (2, '/there', 1, 's', 0, 0, 0, 0, 0, 1)")
  for (const part of [1, 2]) database.exec(`INSERT INTO boots (camera, part, session, firmware, start_offset, end_offset, start_ms, end_ms, is_last) VALUES (1, ${part}, 's', 0, ${part}, 0, 0, 0, 0)`)
  createLineIndexer(database).forgetAllBut(new Set(['/there']))
  expect(findBoots(database, { cameras: [], limit: 9 }).map(({ startOffset }) => startOffset)).toEqual([2])
})
test('a rack that boots all day: ten thousand boots are listed and grouped', async () => {
  const folder = await dataFolder()
  const { database } = openIndexFile(join(folder, 'index.sqlite'))
  onTestFinished(() => { database.close() })
  database.exec("INSERT INTO firmwares VALUES (1, 'Linux version 4.9.37'); INSERT INTO cameras VALUES (1, 'cam-1', 1), (2, 'cam-2', 1); BEGIN")
  const put = database.prepare('INSERT INTO boots (camera, part, session, firmware, start_offset, end_offset, start_ms, end_ms, uboot, kernel, login, is_last) VALUES (?, 1, ?, 1, ?, 0, ?, 0, 0, 900, ?, 0)')
  for (let index = 0; index < 10_000; index += 1) put.run(1 + index % 2, '20260101-000000-aaaaaa', index, index * 1000, index === 5000 ? 60_000 : 9_000 + index % 50)
  database.exec('COMMIT')
  const found = findBoots(database, { cameras: [], limit: 20_000 })
  expect(found).toHaveLength(10_000)
  expect(found[0]).toMatchObject({ camera: 'cam-2', startOffset: 9999, begins: { uboot: 0, kernel: 900 } })
  const plan = database.prepare('EXPLAIN QUERY PLAN SELECT * FROM boots WHERE camera = 1 ORDER BY start_ms DESC LIMIT 10').all().map((row) => String(row['detail'])).join()
  expect(plan).toContain('boots_of_camera')
  const groups = groupBoots(found.map((boot) => ({ ...boot, camera: boot.camera as typeof gate.id, session: boot.session as never })))
  expect(groups.map(({ boots, finished, medianMs }) => [boots.length, finished, medianMs])).toEqual([[5000, 5000, 9025], [5000, 5000, 9024]])
  expect(groups.flatMap(({ outliers }) => [...outliers].map(({ startOffset }) => startOffset))).toEqual([5000])
})
