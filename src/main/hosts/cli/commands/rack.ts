import { emptyInventory, type InventoryChange, inventoryChangeSchema } from '../../../../shared/rack/inventory.schema.ts'
import { type Flags, helpOf, parseFlags, quoted, usage, wholeNumber, wishOf } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'
import { boardOfCamera } from './rackBoard.ts'
import { filtersOfRack } from './rackFilters.ts'
import { identifyRack } from './rackIdentify.ts'
import { pictureOfCamera } from './rackPicture.ts'
import { addPod, removePod } from './rackPods.ts'
import { portsOfRack } from './rackPorts.ts'
import { exportRack, importRack } from './rackFiles.ts'
import { cameraNamed, type RackScene, type RackSpec as Spec } from './rackScene.ts'

const flags: Flags = {
  'chip': { type: 'string', short: 'c', value: 'CHIP', help: 'add: of its camera, as "rackbench chips" names it' },
  'name': { type: 'string', value: 'NAME', help: 'add: of the pod (default: the next number)' },
  'camera-name': { type: 'string', value: 'NAME', help: 'add: of its camera (default: the next number)' },
  'group': { type: 'string', value: 'NAME', help: 'add: the group of its camera' },
  'seconds': { type: 'string', value: 'SECONDS', help: 'discover: how long to listen (default 5)' },
  'yes': { type: 'boolean', help: 'identify, ports: cut the ports that were listed without it' },
  'confirm': { type: 'string', value: 'WORD', help: 'remove: the name of the pod; ports: how many are cut, when they are more than eight' },
  'assign': { type: 'boolean', help: 'identify, ports: write down which port belongs to which camera' },
  'dry-run': { type: 'boolean', help: 'import: say what would be added, changed and left alone, and do nothing' },
  'keep-ids': { type: 'boolean', help: 'import: pods that this rack does not have keep the ids of the file' },
  'filter': { type: 'string', value: 'NAME', help: 'list: only the cameras of a filter that was saved in the window' },
  'output': outputFlag,
  'data': { type: 'string', value: 'DIR', help: 'the data folder' },
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

type Verb = (scene: RackScene) => Promise<ExitCode>

const forms = 'list | add URL --chip CHIP | remove POD --confirm NAME | filters | label CAMERA WORD… | group CAMERA NAME | note CAMERA TEXT | place CAMERA RACK ROW SLOT | maintenance CAMERA on|off [NOTE] | export FILE | import FILE | picture CAMERA [URL|none] | board CAMERA | discover | identify CAMERA… | ports [SWITCH [PORT…]]'

const verbs: Readonly<Record<string, Verb>> = {
  list,
  add: addPod,
  remove: removePod,
  filters: filtersOfRack,
  label: async (scene) => change(scene, (words, { inventory }) => ({ labels: relabelled(inventory?.labels ?? [], words) })),
  group: async (scene) => change(scene, (words) => ({ group: words.join(' ') })),
  note: async (scene) => change(scene, (words) => ({ notes: words.join(' ') })),
  place: async (scene) => change(scene, placeOf),
  maintenance: async (scene) => change(scene, maintenanceOf),
  export: exportRack,
  import: importRack,
  picture: pictureOfCamera,
  board: boardOfCamera,
  discover,
  identify: identifyRack,
  ports: portsOfRack,
}

/** The rack that the window shows: what people say about its cameras, and the whole of it as a file. */
export async function rackCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const { own, words } = withWords(argv)
  const given = parseFlags('rack', flags, own, 40)
  if (given.has('help')) { helpOf(`rack ${forms}`, 'What is known of the cameras of the rack. "label CAMERA +qa -old" adds and takes away, "label CAMERA qa" replaces all, "none" as the only word takes away. A window or "rackbench serve" that is open on the same data folder takes up every change within seconds; what a job has is left until it ends.', flags).forEach(deps.out.line); return exitCodes.success }
  const [verb, ...rest] = [...given.positionals, ...words]
  const run = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (!run) throw usage(verb === undefined ? 'What is to be done with the rack?' : `rack has no ${quoted(verb)}`, `rackbench rack ${forms}`)
  const teller = createTeller(deps.out, isJson(given))
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    return await run({ given, words: rest, deps, workbench, teller })
  } finally {
    await workbench.close()
  }
}

/** `-old` takes a label away and is no flag. */
function withWords(argv: readonly string[]): { readonly own: readonly string[]; readonly words: readonly string[] } {
  const at = argv[0] === 'label' ? argv.findIndex((word, index) => index > 1 && /^-[^-h]/.test(word)) : -1
  if (at < 0) return { own: argv, words: [] }
  const flag = argv.findIndex((word, index) => index >= at && word.startsWith('--'))
  return { own: [...argv.slice(0, at), ...(flag < 0 ? [] : argv.slice(flag))], words: argv.slice(at, flag < 0 ? undefined : flag) }
}

function relabelled(old: readonly string[], words: readonly string[]): string[] {
  if (words.length === 1 && words[0] === 'none') return []
  if (words.length === 0) throw usage('Which labels?', 'rackbench rack label CAMERA qa lens=4mm, or +qa, or -qa, or none')
  if (!words.every((word) => /^[+-]/.test(word))) {
    if (words.some((word) => /^[+-]/.test(word))) throw usage('Either all labels, or each with + or -')
    return [...words]
  }
  const gone = new Set(words.filter((word) => word.startsWith('-')).map((word) => word.slice(1)))
  return [...old.filter((label) => !gone.has(label)), ...words.filter((word) => word.startsWith('+')).map((word) => word.slice(1)).filter((label) => !old.includes(label))]
}

function placeOf(words: readonly string[]): InventoryChange {
  if (words.length === 1 && words[0] === 'none') return { place: null }
  const [slot = '', row = ''] = words.toReversed()
  if (words.length < 3) throw usage('A place is a rack, a row and a slot', 'rackbench rack place CAMERA "Lab 2" 1 4, or none')
  return { place: { rack: words.slice(0, -2).join(' '), row: wholeNumber('The row', row, 1, 64), slot: wholeNumber('The slot', slot, 1, 64) } }
}

function maintenanceOf([state, ...note]: readonly string[]): InventoryChange {
  if (state === 'on') return { maintenance: { note: note.join(' ') } }
  if (state === 'off' && note.length === 0) return { maintenance: null }
  throw usage('Maintenance is on or off', 'rackbench rack maintenance CAMERA on WHY, or off')
}

async function change({ words: [name, ...words], workbench, deps, teller }: RackScene, how: (words: readonly string[], spec: Spec) => InventoryChange): Promise<ExitCode> {
  const spec = await cameraNamed(name, workbench)
  const wish = wishOf(inventoryChangeSchema, how(words, spec), { labels: 'label', notes: 'note', maintenance: 'note of the maintenance' }, 'rackbench rack --help shows the forms')
  const changed = await workbench.inventories.change(spec.cameraId, withoutNone(wish), deps.interrupt.signal)
  return teller.done(exitCodes.success, { camera: changed.cameraId, name: changed.cameraName, inventory: changed.inventory }, plainText(`${changed.cameraName}: ${wordsOf(changed).join(' · ') || 'nothing is said about it'}`, 1_000))
}

/** Nobody can type an empty word. */
const withoutNone = (change: InventoryChange): InventoryChange => ({
  ...change, ...(change.group === 'none' ? { group: '' } : {}), ...(change.notes === 'none' ? { notes: '' } : {}),
})

function wordsOf({ inventory = emptyInventory }: Spec): string[] {
  const { labels, group, notes, maintenance, place } = inventory
  return [
    ...(maintenance ? [`in maintenance${maintenance.note === '' ? '' : `: ${maintenance.note}`}`] : []), ...(group === '' ? [] : [`group ${group}`]), ...labels,
    ...(place ? [`${place.rack} ${place.row}/${place.slot}`] : []), ...(notes === '' ? [] : [notes]),
  ]
}

async function list({ words, workbench, deps, teller, given }: RackScene): Promise<ExitCode> {
  if (words.length > 0) throw usage(`${quoted(words[0] ?? '')} belongs to no list`)
  const filter = given.text('filter')
  const pods = filter === undefined ? await workbench.inventories.list() : await workbench.rackFilters.cameras(filter)
  if (isJson(given)) { teller.say('rack', { pods: pods.map(({ id, name, url, cameraId, cameraName, chip, power, inventory }) => ({ id, name, url, power: power?.kind ?? null, camera: { id: cameraId, name: cameraName, chip, ...inventory } })) }, ''); return teller.done(exitCodes.success, {}, '') }
  if (pods.length === 0) deps.out.line('The rack is empty; "rackbench rack add" or the window adds a pod, "rackbench rack import" a whole rack')
  else table([['camera', 'id', 'chip', 'address', 'power', 'what is said of it'], ...pods.map((pod) => [plainText(pod.cameraName, 24), pod.cameraId, pod.chip, plainText(pod.url, 40), pod.power?.kind ?? (pod.url.startsWith('rack:') ? 'pod' : 'by hand'), plainText(wordsOf(pod).join(' · '), 80)])]).forEach(deps.out.line)
  return exitCodes.success
}

/** What is there to be added; nothing of it is asked anything. */
async function discover({ words, workbench, deps, teller, given }: RackScene): Promise<ExitCode> {
  if (words.length > 0) throw usage(`${quoted(words[0] ?? '')} belongs to nothing`)
  const seconds = wholeNumber('--seconds', given.text('seconds') ?? '5', 1, 30)
  const { places, adapters, problem } = await workbench.inventories.discover(seconds, deps.interrupt.signal)
  const rows = [
    ...places.map(({ kind, name, address, usedBy }) => [kind === 'pod' ? 'pod' : 'web page', plainText(name, 64), address, usedBy ?? '']),
    ...adapters.map(({ device, address, name, usedBy }) => ['USB adapter', plainText(name, 48) || device, address, usedBy ?? '']),
  ]
  const lines = [...(rows.length === 0 ? ['Nothing announces itself here, and no USB adapter is plugged in'] : table([['what', 'name', 'address', 'used by'], ...rows])), ...(problem === '' ? [] : [plainText(problem)])]
  return teller.done(exitCodes.success, { places, adapters, problem }, lines.join('\n'))
}
