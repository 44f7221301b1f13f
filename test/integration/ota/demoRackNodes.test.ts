import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { demoProduct } from '../../../src/main/composition/demoNodes.ts'

test('the demo rack brings its nodes with it: a release, an image more, and a door that is closed with the rack', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-demo-nodes-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const logged: string[] = []
  const workbench = await createWorkbench({
    host: 'cli', version: '0.0.0-test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 69,
    resourcesFolder: join(import.meta.dirname, '../../../resources'), log: (line) => { logged.push(line) },
  })
  onTestFinished(async () => workbench.close())
  await workbench.setup.openDemo()
  const registry = await workbench.registry.registry()
  expect(registry.images().map(({ product, version }) => `${product} ${version}`).toSorted()).toEqual([`${demoProduct} 1.0.0`, `${demoProduct} 1.1.0`])
  expect(registry.channels()).toMatchObject([{ product: demoProduct, channel: 'stable', current: { version: '1.0.0', percent: 100 } }])

  // What a person released meanwhile stands, also when the demo is opened again.
  await registry.publish({ product: demoProduct, channel: 'stable', version: '1.1.0', percent: 50, groups: [] }, new AbortController().signal)
  await workbench.setup.closeDemo()
  await workbench.setup.openDemo()
  await workbench.setup.openDemo()
  expect(registry.channels()[0]?.current).toMatchObject({ version: '1.1.0', percent: 50 })
  expect(registry.channels()[0]?.rows).toHaveLength(2)
  await workbench.close()
  expect(logged).toEqual([])
})
