import type { Targets } from '../../shared/commands/command.ts'
import type { ListedCommand } from '../../shared/commands/commands.ts'
import type { BatchId } from '../../shared/batch/batchPlan.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { CameraView } from '../../shared/rack/rackView.schema.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { useBatchesStore } from '../stores/batches.ts'
import { useBroadcastStore } from '../stores/broadcast.ts'
import { useCapturesStore } from '../stores/captures.ts'
import { useJobsStore } from '../stores/jobs.ts'
import { useMachineStore } from '../stores/machine.ts'
import { useRackStore } from '../stores/rack.ts'
import { type ConsoleDeeds, useShownStore } from '../stores/shown.ts'
import { type PanelTab, useViewStore, type ViewName } from '../stores/view.ts'
import { nextArea } from './areas.ts'

/** A command without a handler, or with a handler for something else, does not compile. */
export type Handlers = { readonly [C in ListedCommand as C['id']]: (target: Targets[C['on']]) => unknown }

/** What each command does in the window; the only place that knows. */
export function useHandlers(): Handlers {
  const { client } = useWorkbench()
  const view = useViewStore()
  const shown = useShownStore()
  const captures = useCapturesStore()
  const jobs = useJobsStore()
  const machine = useMachineStore()
  const broadcast = useBroadcastStore()
  const batches = useBatchesStore()
  const rack = useRackStore()

  const goTo = (name: ViewName) => () => { view.view = name }
  const tab = (name: PanelTab) => ({ id }: CameraView) => { view.open(id, name) }
  const power = (action: 'on' | 'off' | 'cycle') => async ({ id }: CameraView) => client.rack.power({ cameraId: id, action })
  const bootFiles = async (): Promise<void> => { view.view = 'settings'; await shown.focusOn('[aria-labelledby="set-boot"] input') }
  async function resume(id: Targets['job']['id'], camera: CameraId, workflow: Targets['job']['workflow']): Promise<void> {
    view.openJob(await jobs.resume(id), camera, workflow)
  }
  function closePanel(): void {
    const id = view.camera
    view.closePanel()
    document.querySelector<HTMLElement>(`[data-camera="${id ?? ''}"]`)?.focus()
  }
  async function capturesTab(tabName: typeof captures.tab, selector: string): Promise<void> {
    view.view = 'captures'
    captures.tab = tabName
    await shown.focusOn(selector)
  }
  function openSession({ session }: Targets['session']): void {
    view.view = 'captures'
    if (captures.opened?.session !== session) captures.opened = { session }
  }
  const inSession = (work: Parameters<typeof shown.withReader>[0]) => async (session: Targets['session']): Promise<void> => { openSession(session); await shown.withReader(work) }

  const settings = (selector: string) => async (): Promise<void> => { view.view = 'settings'; await shown.focusOn(selector) }
  const inSettings = (name: 'rack-export' | 'rack-import' | 'identify' | 'find-ports') => () => { view.view = 'settings'; view.dialog = name }
  const inUpdates = (name: 'firmware-add' | 'firmware-publish' | 'firmware-withdraw' | 'firmware-door') => () => { view.view = 'updates'; view.updatesTab = 'nodes'; view.dialog = name }
  const releases = (): void => { view.view = 'updates'; view.updatesTab = 'releases' }
  const inFleet = (name: typeof view.fleetTab) => () => { view.view = 'commands'; view.fleetTab = name }
  const toClients = (name: 'fleet-reboot' | 'fleet-shutdown') => () => { inFleet('clients')(); view.dialog = name }
  const rackAs = (shape: typeof view.rackShape) => () => { view.view = 'rack'; view.rackShape = shape }
  const consolesAs = (shape: typeof view.consolesShape) => () => { view.view = 'consoles'; view.consolesShape = shape }
  const inTab = (name: PanelTab, selector: string) => async ({ id }: CameraView): Promise<void> => { view.open(id, name); await shown.focusOn(`aside ${selector}`) }
  const inConsole = (work: (deeds: ConsoleDeeds) => void) => async ({ id }: CameraView): Promise<void> => shown.withConsole(id, work)
  const powerMany = (action: 'on' | 'off' | 'cycle') => () => { view.view = 'rack'; view.powerMany = action }

  async function onBatch(work: (id: BatchId) => Promise<unknown>): Promise<void> {
    if (batches.shown) await work(batches.shown.id)
  }
  async function showBefore({ id, name }: CameraView): Promise<void> {
    if (!await captures.openNewest(id)) throw new WorkbenchError('input/not-found', `Nothing is captured of ${name} yet`, { hint: 'Each byte of its console is kept as soon as one comes' })
    view.view = 'captures'
  }
  function remove({ id, name }: CameraView): void {
    const pod = rack.podOf.get(id)
    if (pod?.simulated === true) throw new WorkbenchError('input/not-supported', `${name} belongs to the demo rack`, { hint: 'Close the demo rack: all of it goes then' })
    view.view = 'settings'
    view.removing = pod?.id
  }

  return {
    'palette.open': () => { view.dialog = view.dialog === 'palette' ? undefined : 'palette' },
    'keys.show': () => { view.dialog = 'keys' },
    'area.next': () => { nextArea()?.focus() },
    'panel.close': closePanel,
    'view.theme': () => { view.switchTheme() },
    'link.retry': () => { machine.retryNow() },
    'view.rack': goTo('rack'), 'view.consoles': goTo('consoles'), 'view.jobs': goTo('jobs'), 'view.captures': goTo('captures'), 'view.compare': goTo('compare'), 'view.updates': goTo('updates'), 'view.commands': goTo('commands'), 'view.batch': goTo('batch'), 'view.settings': goTo('settings'),
    'consoles.panes': consolesAs('panes'), 'consoles.wall': consolesAs('wall'), 'consoles.broadcast': () => { broadcast.beginOnWall() },
    'rack.nearer': () => { view.zoomBy(-1) }, 'rack.farther': () => { view.zoomBy(1) }, 'rack.grid': rackAs('grid'), 'rack.elevation': rackAs('elevation'),
    'rack.selectShown': async () => shown.withRack((deeds) => { deeds.selectShown() }),
    'rack.lines': settings('[aria-labelledby="set-lines"] button'), 'rack.discover': () => { view.dialog = 'add-pod' }, 'rack.export': inSettings('rack-export'), 'rack.import': inSettings('rack-import'),
    'rack.identify': inSettings('identify'), 'rack.findPorts': inSettings('find-ports'),
    'rack.addPod': () => { view.dialog = 'add-pod' },
    'rack.openDemo': async () => client.rack.openDemo({}),
    'rack.closeDemo': async () => client.rack.closeDemo({}),
    'rack.showAll': () => { view.lifeFilter = undefined; view.wordFilter = '' }, 'rack.filters': () => { view.view = 'rack'; view.dialog = 'rack-filters' },
    'rack.clearSelection': () => { view.clearSelection() },
    'boot.files': bootFiles, 'boot.importProfiles': bootFiles, 'boot.getUboot': bootFiles,
    'captures.search': async () => capturesTab('search', '.captures input[type="search"]'),
    'captures.sessions': async () => capturesTab('sessions', '.captures [role="listbox"]'),

    'captures.boots': async () => capturesTab('boots', '.captures [aria-selected="true"]'), 'captures.newLines': async () => capturesTab('new', '.captures [aria-selected="true"]'),
    'captures.settings': settings('[aria-labelledby="set-captures"] input'),
    'captures.bundle': () => { view.dialog = 'bundle' },
    'updates.add': inUpdates('firmware-add'), 'updates.publish': inUpdates('firmware-publish'), 'updates.withdraw': inUpdates('firmware-withdraw'), 'updates.door': inUpdates('firmware-door'),
    'updates.releases': releases, 'updates.build': () => { releases(); view.dialog = 'release-build' }, 'updates.package': () => { view.view = 'updates'; view.updatesTab = 'appliance'; view.dialog = 'package-build' },
    'updates.appliances': () => { view.view = 'updates'; view.updatesTab = 'appliance' }, 'updates.boards': () => { view.view = 'updates'; view.updatesTab = 'board' },
    'updates.nodes': async () => { view.view = 'updates'; view.updatesTab = 'nodes'; await shown.focusOn('.updates [aria-label="Nodes"]') },
    'fleet.clients': async () => { inFleet('clients')(); await shown.focusOn('.fleet [role="listbox"]') }, 'fleet.reboot': toClients('fleet-reboot'), 'fleet.shutdown': toClients('fleet-shutdown'),
    'fleet.bulks': inFleet('bulks'), 'fleet.security': inFleet('security'), 'fleet.broker': inFleet('broker'), 'alarms.show': async () => shown.press('[popovertarget="alarm-list"]'), 'approvals.show': () => { view.dialog = 'approvals' },
    'batch.new': () => { view.view = 'batch'; view.dialog = 'batch-new' },
    'batch.pause': async () => onBatch(async (batch) => client.batch.pause({ batch })), 'batch.goOn': async () => onBatch(async (batch) => client.batch.goOn({ batch })), 'batch.stop': async () => onBatch(async (batch) => client.batch.stop({ batch, now: false })),
    'safety.audit': settings('[aria-labelledby="set-audit"] button'), 'safety.verify': async () => { view.view = 'settings'; await shown.press('[aria-labelledby="set-audit"] button') },
    'safety.export': async () => { view.view = 'settings'; await shown.press('#audit-export') },
    'safety.secrets': settings('#set-secrets'),

    'camera.details': tab('details'), 'camera.maintenance': inTab('details', 'form[aria-label="Maintenance"] :is(input, button)'), 'camera.picture': inTab('power', 'input[id^="picture-"]'),
    'camera.board': inTab('details', 'section[aria-label="Board"]'),
    'camera.bundle': ({ id }) => { view.open(id); view.dialog = 'camera-bundle' },
    'camera.remove': remove,
    'camera.open': ({ id }) => { view.open(id) },
    'camera.select': ({ id }) => { view.toggleSelected(id) },
    'camera.restore': tab('restore'), 'camera.install': tab('install'), 'camera.dump': tab('dump'), 'camera.burn': tab('burn'), 'camera.examine': tab('agent'), 'camera.history': tab('history'), 'camera.power': tab('power'),
    'power.on': power('on'), 'power.off': power('off'), 'power.cycle': power('cycle'),
    'power.choose': ({ id }) => { view.open(id, 'power'); view.dialog = 'change-power' },
    'power.audit': ({ id }) => { view.open(id, 'power'); view.dialog = 'switch-config' },
    'console.open': async ({ id }) => { view.open(id, 'console'); await shown.focusOn('aside .xterm-helper-textarea') },
    'console.full': ({ id }) => { view.showConsoles([id]) },
    'console.search': inConsole((deeds) => { deeds.search() }),
    'console.before': showBefore,
    'console.address': inConsole((deeds) => { deeds.address() }),
    'console.copy': inConsole((deeds) => { deeds.copy() }),
    'console.paste': inConsole((deeds) => { deeds.paste() }),
    'console.sendFile': inConsole((deeds) => { deeds.sendFile() }),
    'console.line': inConsole((deeds) => { deeds.line() }),
    'console.take': inConsole((deeds) => { deeds.writer('take') }), 'console.give': inConsole((deeds) => { deeds.writer('free') }),
    'console.release': inConsole((deeds) => { deeds.writer('release') }), 'console.takeBack': inConsole((deeds) => { deeds.writer('takeBack') }),
    'console.macros': inConsole((deeds) => { deeds.tool('macros') }), 'console.script': inConsole((deeds) => { deeds.tool('script') }), 'console.rules': inConsole((deeds) => { deeds.tool('rules') }),
    'console.terminal': inConsole((deeds) => { deeds.shape('terminal') }),
    'console.lines': inConsole((deeds) => { deeds.shape('lines') }),
    'console.hex': inConsole((deeds) => { deeds.shape('hex') }),

    'cameras.restore': () => { view.dialog = 'restore-selected' },
    'cameras.dump': () => { view.dialog = 'dump-selected' },
    'cameras.label': () => { view.view = 'rack'; view.dialog = 'label-many' }, 'cameras.bundle': () => { view.dialog = 'selected-bundle' },
    'cameras.powerOn': powerMany('on'), 'cameras.powerOff': powerMany('off'), 'cameras.powerCycle': powerMany('cycle'),
    'cameras.broadcast': (cameras) => { broadcast.beginOnWall(cameras.map(({ id }) => id)) },
    'cameras.consoles': (cameras) => { view.showConsoles(cameras.slice(0, 9).map(({ id }) => id)) },

    'job.open': ({ id, camera, workflow }) => { view.openJob(id, camera, workflow) },
    'job.report': ({ id }) => { view.report = id },
    'job.cancel': async ({ id }) => jobs.cancel(id),
    'job.resume': async ({ id, camera, workflow }) => resume(id, camera, workflow),

    'session.open': openSession,
    'session.find': inSession((deeds) => { deeds.find() }),
    'session.export': inSession((deeds) => { deeds.export() }),
    'session.hex': inSession((deeds) => { deeds.hex() }),
    'session.replay': inSession((deeds) => { deeds.replay() }),
    'session.close': () => { captures.opened = undefined },
  }
}
