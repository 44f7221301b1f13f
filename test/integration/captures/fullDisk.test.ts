import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../../src/main/composition/simulator.ts'
import { restoreRequestSchema } from '../../../src/shared/restore/restore.schema.ts'
import { freeUdpPort } from '../../support/freePort.ts'

const never = new AbortController().signal

test('with no room left captures pause and say so, and a restore goes on to its proof', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-full-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  // More than any disk has: all that is free is left to the journal.
  await writeFile(join(dataFolder, 'captures.json'), JSON.stringify({ reserveBytes: Number.MAX_SAFE_INTEGER }))
  const sim = await startLoopbackRack(join(folder, 'sim'), () => undefined, {})
  onTestFinished(async () => sim.close())
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder, homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  const { cameraId } = workbench.setup.addForNow({ url: sim.urls[0] ?? '', name: '', cameraName: 'cam-door', chip: sim.chip })
  await expect.poll(() => workbench.captures.status().paused, { timeout: 10_000 }).toContain('left to the journal')
  const request = restoreRequestSchema.parse({ cameraId, inputPath: sim.imagesFolder, profilePath: sim.profilePath, ubootPath: sim.ubootPath })
  const id = await workbench.desk.start(request, (await workbench.desk.plan(request, never)).hash, never)
  for await (const event of workbench.jobs.events(id, 0, never)) void event
  expect(workbench.jobs.get(id).verdict).toBe('restored and booted')
  expect(workbench.captures.status().notices.map(({ kind }) => kind)).toContain('paused')
  expect(workbench.captures.status().paused).toBeDefined()
})
