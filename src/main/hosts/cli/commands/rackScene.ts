import type { CameraId } from '../../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type ParsedFlags, quoted, usage } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import type { Teller } from '../output/events.ts'

/** What a verb of `rackbench rack` has at hand; `words` are what follows the verb. */
export interface RackScene { readonly given: ParsedFlags; readonly words: readonly string[]; readonly deps: CliDeps; readonly workbench: CliWorkbench; readonly teller: Teller }
export type RackSpec = Awaited<ReturnType<CliWorkbench['inventories']['list']>>[number]

/** A pod by its name or id, or by those of its camera. */
export async function podNamed(name: string | undefined, { inventories }: Pick<CliWorkbench, 'inventories'>): Promise<RackSpec> {
  if (name === undefined) throw usage('Which pod?', '"rackbench rack list" names them and their cameras')
  const found = (await inventories.list()).filter((each) => [each.id, each.name, each.cameraId, each.cameraName].some((known) => known === name))
  const [spec] = found
  if (!spec) throw new WorkbenchError('input/not-found', `There is no pod ${quoted(name)} in the rack, and no camera of that name`, { hint: '"rackbench rack list" names those that are there' })
  if (found.length > 1) throw new WorkbenchError('input/conflict', `${found.length} pods or cameras are named ${quoted(name)}`, { hint: `Use the id: ${found.map(({ id }) => id).join(', ').slice(0, 200)}` })
  return spec
}

/** By its name, or by its id where names are not enough. */
export async function cameraNamed(name: string | undefined, { inventories }: Pick<CliWorkbench, 'inventories'>): Promise<RackSpec> {
  if (name === undefined) throw usage('Which camera?', '"rackbench rack list" names them')
  const all = await inventories.list()
  const found = all.filter(({ cameraId, cameraName }) => cameraName === name || cameraId === (name as CameraId))
  const [spec] = found
  if (!spec) throw new WorkbenchError('input/not-found', `There is no camera ${quoted(name)} in the rack`, { hint: '"rackbench rack list" names those that are there' })
  if (found.length > 1) throw new WorkbenchError('input/conflict', `${found.length} cameras are named ${quoted(name)}`, { hint: `Use the id: ${found.map(({ cameraId }) => cameraId).join(', ').slice(0, 200)}` })
  return spec
}
