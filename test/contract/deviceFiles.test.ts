import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalFs } from '../../src/main/drivers/deviceFs/localFs.ts'
import { createMemoryFs } from '../../src/main/sim/disk/memoryFs.ts'
import { describeDeviceFs } from './deviceFs.contract.ts'

describeDeviceFs('memory', async () => ({ fs: createMemoryFs(), dispose: async () => undefined }))
describeDeviceFs('memory, a board', async () => ({ fs: createMemoryFs({ abilities: { replaces: false, links: false, modes: false, syncs: false } }), dispose: async () => undefined }))

describeDeviceFs('local folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-fs-'))
  await mkdir(join(folder, 'root'))
  await mkdir(join(folder, 'outside'))
  await writeFile(join(folder, 'outside', 'secret'), 'secret')
  return {
    fs: await openLocalFs(join(folder, 'root')),
    plantEscape: async (link) => symlink('../outside', join(folder, 'root', link)),
    dispose: async () => rm(folder, { recursive: true, force: true }),
  }
})
