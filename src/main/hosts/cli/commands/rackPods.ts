import { newPodSchema } from '../../../../shared/contracts/workbench.contract.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { inventoryChangeSchema } from '../../../../shared/rack/inventory.schema.ts'
import { quoted, usage, wishOf } from '../arguments.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { podNamed, type RackScene } from './rackScene.ts'

const fields = { url: 'address', cameraName: '--camera-name', name: '--name', chip: '--chip', group: '--group' }
const example = 'rackbench rack add rack://10.216.128.69 --chip hi3516ev300 --camera-name front'

/** As the window's dialog does: a pod is asked first, and one that does not answer like a pod is not added. */
export async function addPod({ words: [url, extra], given, workbench, deps, teller }: RackScene): Promise<ExitCode> {
  if (url === undefined) throw usage('Which address?', example)
  if (extra !== undefined) throw usage(`${quoted(extra)} is one word too many`, example)
  const chip = given.text('chip')
  if (chip === undefined) {
    const last = (await workbench.inventories.list()).at(-1)?.chip
    throw usage('Which chip has its camera? --chip is missing', `${last === undefined ? '' : `The last one of this rack has ${last}; `}"rackbench chips" lists them`)
  }
  const pod = wishOf(newPodSchema, { url, chip, name: given.text('name')?.trim(), cameraName: given.text('camera-name')?.trim() }, fields, example)
  const said = wishOf(inventoryChangeSchema, given.text('group') === undefined ? {} : { group: given.text('group') }, fields, example)
  const spec = await workbench.pods.addToFile(pod, said, deps.interrupt.signal)
  const power = /^rack:/i.test(spec.url) ? 'its pod switches its power' : 'a person switches its power until the window or a rack file says who does'
  return teller.done(exitCodes.success, { pod: { id: spec.id, name: spec.name, url: spec.url }, camera: { id: spec.cameraId, name: spec.cameraName, chip: spec.chip, group: spec.inventory?.group ?? '' } },
    plainText(`${spec.cameraName} at ${spec.url} is in the rack, as ${spec.name}; ${power}`, 1_000))
}

/** Says what goes; it goes when the name of its pod was typed. */
export async function removePod({ words: [name, extra], given, workbench, teller }: RackScene): Promise<ExitCode> {
  if (extra !== undefined) throw usage(`${quoted(extra)} is one word too many`, 'rackbench rack remove POD --confirm NAME; one at a time')
  const spec = await podNamed(name, workbench)
  const word = spec.name.trim() === '' ? spec.id : spec.name.trim()
  const facts = { pod: { id: spec.id, name: spec.name, url: spec.url }, camera: { id: spec.cameraId, name: spec.cameraName, chip: spec.chip } }
  teller.say('remove-plan', facts, plainText(`${word} (${spec.url}) and its camera ${spec.cameraName} leave this workbench, with its labels, group, notes and place. Nothing is switched off or written, and its reports and captures stay.`, 1_000))
  if (given.text('confirm')?.trim() !== word) {
    throw new WorkbenchError('input/conflict', `The removal of ${quoted(word)} was not confirmed`, { context: { typeName: word }, hint: `Nothing was removed; type the name of the pod: --confirm ${quoted(word)}` })
  }
  await workbench.pods.remove(spec.id)
  return teller.done(exitCodes.success, { ...facts, removed: true }, plainText(`${word} and ${spec.cameraName} are no longer in the rack`, 200))
}
