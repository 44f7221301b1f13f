import { type CommandOn, not, type Standing, type WindowFacts } from './command.ts'

const inRack = ({ isRackShown }: WindowFacts): Standing | undefined => (isRackShown ? undefined : not('The rack is not shown'))
const shapeOf = (shape: WindowFacts['rackShape']) => (facts: WindowFacts): Standing | undefined => (facts.isRackShown && facts.rackShape === shape ? not('It is shown so') : undefined)

/** What is about the window, the rack or the workbench, and no camera. */
export const windowCommands = [
  { id: 'palette.open', on: 'window', group: 'General', title: 'Find a camera, run a command', about: 'cameras by name, and everything that can be done', keys: ['Mod+K', 'Mod+Shift+K'] },
  { id: 'keys.show', on: 'window', group: 'General', title: 'Keys', about: 'what the keyboard does here', keys: ['?'] },
  { id: 'area.next', on: 'window', group: 'General', title: 'Next area', about: 'from the views to the middle, the panel, the foot and the top; also out of a terminal', keys: ['F6', 'Mod+Shift+E'] },
  {
    id: 'panel.close', on: 'window', group: 'General', title: 'Close the panel', about: 'back to the card', keys: ['Escape'],
    available: ({ isPanelOpen }) => (isPanelOpen ? undefined : not('No panel is open')),
  },
  { id: 'view.theme', on: 'window', group: 'General', title: 'Light or dark theme', about: 'the other one of the two' },
  {
    id: 'link.retry', on: 'window', group: 'General', title: 'Connect again now', about: 'without waiting for the next try',
    available: ({ isLinkLost }) => (isLinkLost ? undefined : not('The connection is up')),
  },
  { id: 'view.rack', on: 'window', group: 'Go to', title: 'Rack', about: 'the cameras and their state', keys: ['Alt+1'] },
  { id: 'view.consoles', on: 'window', group: 'Go to', title: 'Consoles', about: 'several, side by side', keys: ['Alt+2'] },
  { id: 'view.jobs', on: 'window', group: 'Go to', title: 'Jobs', about: 'what was done, and its reports', keys: ['Alt+3'], cli: { words: 'jobs', options: '[JOB]' } },
  { id: 'view.captures', on: 'window', group: 'Go to', title: 'Captures', about: 'everything that was said', keys: ['Alt+4'], cli: { words: 'captures list', options: '--camera' } },
  { id: 'view.compare', on: 'window', group: 'Go to', title: 'Compare two dumps', word: 'Compare', about: 'by partition, sector and variable', keys: ['Alt+5'], cli: { words: 'diff', options: 'A B' } },
  { id: 'view.settings', on: 'window', group: 'Go to', title: 'Settings', about: 'pods, boot files, appearance', keys: ['Alt+6'] },
  { id: 'view.updates', on: 'window', group: 'Go to', title: 'Updates', about: 'firmware that nodes fetch, and the versions of appliances and boards', keys: ['Alt+7'] },
  { id: 'view.batch', on: 'window', group: 'Go to', title: 'Batch', about: 'one plan for many cameras, many times; how it goes and why it stopped', keys: ['Alt+9'], cli: { words: 'batch list', options: '' } },
  { id: 'consoles.panes', on: 'window', group: 'Go to', title: 'Panes of consoles', about: 'up to nine terminals side by side' },
  { id: 'consoles.wall', on: 'window', group: 'Go to', title: 'Wall of consoles', about: 'every console at once, as text' },
  { id: 'consoles.broadcast', on: 'window', group: 'Go to', title: 'Broadcast', about: 'one line to many consoles; who gets it is chosen on the wall' },
  {
    id: 'rack.nearer', on: 'window', group: 'Rack', title: 'Nearer', about: 'fewer cameras, more of each', keys: ['Plus'],
    available: (facts) => inRack(facts) ?? (facts.nearer > 0 ? undefined : not('This is the nearest')),
  },
  {
    id: 'rack.farther', on: 'window', group: 'Rack', title: 'Farther', about: 'more cameras, less of each', keys: ['Minus'],
    available: (facts) => inRack(facts) ?? (facts.farther > 0 ? undefined : not('This is the farthest')),
  },
  { id: 'rack.grid', on: 'window', group: 'Rack', title: 'Rack as a grid', about: 'by pods', available: shapeOf('grid') },
  { id: 'rack.elevation', on: 'window', group: 'Rack', title: 'Rack as an elevation', about: 'racks with their rows and slots', available: shapeOf('elevation') },
  { id: 'rack.addPod', on: 'window', group: 'Rack', title: 'Add a pod', about: 'rack://…, or a camera on a serial port', cli: { words: 'ports', options: '' } },
  { id: 'rack.discover', on: 'window', group: 'Rack', title: 'Pods on the network', about: 'those that announce themselves, to be added', cli: { words: 'rack discover', options: '--seconds' } },
  { id: 'rack.export', on: 'window', group: 'Rack', title: 'Export the rack', about: 'pods, cameras and labels as YAML; no passwords', cli: { words: 'rack export', options: 'FILE' } },
  { id: 'rack.import', on: 'window', group: 'Rack', title: 'Import a rack file', about: 'shows first what it would add and change', cli: { words: 'rack import', options: 'FILE --dry-run --keep-ids' } },
  { id: 'rack.identify', on: 'window', group: 'Rack', title: 'Whose power is whose', about: 'cuts ports one after the other and watches the consoles; lists them first', destructive: 'plan', cli: { words: 'rack identify', options: 'CAMERA… --yes --assign' } },
  { id: 'rack.findPorts', on: 'window', group: 'Rack', title: 'Find cameras on ports of a switch', about: 'ports that nobody has written down; which may be cut is chosen first', destructive: 'plan', cli: { words: 'rack ports', options: 'SWITCH PORT… --yes --assign' } },
  {
    id: 'rack.openDemo', on: 'window', group: 'Rack', title: 'Open the demo rack', about: '12 simulated cameras, 20 nodes that fetch firmware, an appliance and a board',
    available: ({ hasDemo }) => (hasDemo ? not('The demo rack is open') : undefined),
  },
  {
    id: 'rack.closeDemo', on: 'window', group: 'Rack', title: 'Close the demo rack', about: 'stops the simulated cameras',
    available: ({ hasDemo }) => (hasDemo ? undefined : not('The demo rack is not open')),
  },
  {
    id: 'rack.showAll', on: 'window', group: 'Rack', title: 'Show cameras of all states', about: 'takes the filter away',
    available: ({ isFiltered }) => (isFiltered ? undefined : not('All are shown')),
  },
  { id: 'rack.selectShown', on: 'window', group: 'Rack', title: 'Select all shown', about: 'those that the filter lets through' },
  {
    id: 'rack.clearSelection', on: 'window', group: 'Rack', title: 'Clear the selection', about: 'no camera is selected then',
    available: ({ chosen }) => (chosen > 0 ? undefined : not('No camera is selected', 'Space selects a card')),
  },
  { id: 'boot.files', on: 'window', group: 'Rack', title: 'Boot files', about: 'which chips can be started over their boot ROM', cli: { words: 'chips', options: '' } },
  { id: 'boot.importProfiles', on: 'window', group: 'Rack', title: 'Import boot profiles', about: 'from a folder, a file or a web address', cli: { words: 'profiles import', options: 'SOURCE' } },
  { id: 'boot.getUboot', on: 'window', group: 'Rack', title: 'Get the U-Boot of a chip', about: 'from the cache, else downloaded', cli: { words: 'uboot', options: 'CHIP --file' } },
  { id: 'captures.search', on: 'window', group: 'Captures', title: 'Search captures', about: 'words or a pattern, in what all consoles said', keys: ['Mod+Shift+F'], cli: { words: 'captures search', options: '--camera --since --until' } },
  { id: 'captures.sessions', on: 'window', group: 'Captures', title: 'Sessions of captures', about: 'newest first' },
  { id: 'captures.boots', on: 'window', group: 'Captures', title: 'Boots', about: 'how long each phase took, per camera and firmware; two side by side', cli: { words: 'captures boots', options: '[CAMERA]' } },
  { id: 'captures.newLines', on: 'window', group: 'Captures', title: 'New lines', about: 'what a firmware said for the first time' },
  { id: 'captures.bundle', on: 'window', group: 'Captures', title: 'Support bundle', about: 'consoles, jobs and versions as one zip, without secrets', cli: { words: 'bundle', options: 'FILE --since --plan-only' } },
  { id: 'updates.add', on: 'window', group: 'Updates', title: 'Add a firmware image', about: 'kept, and offered to nobody until it is published' },
  { id: 'updates.publish', on: 'window', group: 'Updates', title: 'Publish firmware', about: 'to a share of the nodes, or to groups; says first who will never take it' },
  { id: 'updates.withdraw', on: 'window', group: 'Updates', title: 'Withdraw firmware', about: 'the channel offers nothing from then on; wants the version typed' },
  { id: 'updates.door', on: 'window', group: 'Updates', title: 'Door for nodes', about: 'where nodes fetch firmware; its address, port and token' },
  { id: 'updates.nodes', on: 'window', group: 'Updates', title: 'Nodes', about: 'who runs what, who fell back, who will never take it' },
  { id: 'updates.releases', on: 'window', group: 'Updates', title: 'Releases of boards', about: 'what MicroPython boards are offered: publish, withdraw, delta' },
  { id: 'updates.build', on: 'window', group: 'Updates', title: 'Build a release for boards', about: 'from a folder, signed with the key of a file' },
  { id: 'batch.new', on: 'window', group: 'Job', title: 'New batch', about: 'from a plan file or a form; says first which cameras it would write', destructive: 'plan', cli: { words: 'batch run', options: 'PLAN --demo --plan-only' } },
  { id: 'safety.audit', on: 'window', group: 'General', title: 'Audit log', about: 'what destroyed something, and who did it', cli: { words: 'audit list', options: '--since' } },
  { id: 'safety.verify', on: 'window', group: 'General', title: 'Verify the audit log', about: 'whether anybody changed it', cli: { words: 'audit verify', options: '--head' } },
  { id: 'safety.export', on: 'window', group: 'General', title: 'Export the audit log', about: 'every entry as it was hashed, into a file', cli: { words: 'audit export', options: '--out FILE' } },
  { id: 'safety.secrets', on: 'window', group: 'General', title: 'Where secrets are kept', about: 'the place of the passwords, never what they are', cli: { words: 'secrets where', options: '' } },
] as const satisfies readonly CommandOn<'window'>[]
