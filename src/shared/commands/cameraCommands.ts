import type { CameraView } from '../rack/rackView.schema.ts'
import type { WorkKind } from '../rack/whyNot.schema.ts'
import { type CommandOn, not, type Standing } from './command.ts'

const work = (kind: WorkKind) => (camera: CameraView): Standing | undefined => camera.whyNot?.find((each) => each.work === kind)
const isHeld = ({ leaseHolder, life }: CameraView): boolean => life === 'working' || leaseHolder !== undefined
const held = (camera: CameraView): Standing | undefined => (isHeld(camera) ? not(`${camera.leaseHolder ?? 'A job'} holds this camera`, 'Wait until it ends, or cancel it') : undefined)

function switching(to: 'on' | 'off') {
  return (camera: CameraView): Standing | undefined => {
    if (camera.powerAbility !== 'on-off') return not(`${camera.powerLabel} cannot be switched ${to} from here`, camera.powerAbility === 'manual' ? 'Switch it by hand, or choose another power' : 'It can only be cycled')
    return held(camera) ?? (camera.power === to ? not(`Its power is ${to}`) : undefined)
  }
}
const cycling = (camera: CameraView): Standing | undefined =>
  (camera.powerAbility === 'manual' ? not(`${camera.powerLabel} cannot be switched from here`, 'Switch it by hand, or choose another power') : held(camera))
const typing = (camera: CameraView): Standing | undefined =>
  (camera.console === 'lent' ? not(`The console is lent to ${camera.leaseHolder ?? 'a job'}`, 'It comes back when that has ended') : camera.console === 'open' ? undefined : not(`The console is ${camera.console}`, camera.consoleNote))

const released = ({ console }: CameraView): Standing | undefined => (console === 'released' ? undefined : not('The line is not released'))

/** What is about one camera: the one that has the focus, else the one whose panel is open, else the only one selected. */
export const cameraCommands = [
  {
    id: 'camera.restore', on: 'camera', group: 'Camera', title: 'Restore', about: 'choose an image, plan, confirm', keys: ['Alt+R'], destructive: 'plan', explains: true, available: work('restore'),
    cli: { words: 'restore', options: '-c -i -p --plan-only' },
  },
  { id: 'camera.install', on: 'camera', group: 'Camera', title: 'Install a release', about: 'OpenIPC onto the flash', destructive: 'plan', explains: true, available: work('install'), cli: { words: 'install', options: '-c -f -p --plan-only' } },
  { id: 'camera.dump', on: 'camera', group: 'Camera', title: 'Dump', about: 'copy the flash to files', explains: true, available: work('dump'), cli: { words: 'dump', options: '-c -o -p --plan-only' } },
  { id: 'camera.burn', on: 'camera', group: 'Camera', title: 'Load a U-Boot', about: 'into RAM, through the boot ROM', explains: true, available: work('burn'), cli: { words: 'burn', options: '-c -f -p' } },
  { id: 'camera.examine', on: 'camera', group: 'Camera', title: 'Examine the flash', about: 'every sector, through a flash agent', explains: true, cli: { words: 'agent doctor', options: '-c --agent -p' } },
  { id: 'camera.history', on: 'camera', group: 'Camera', title: 'History', about: 'its jobs' },
  { id: 'camera.details', on: 'camera', group: 'Camera', title: 'Details', about: 'labels, group, notes, its place and what it is known by', cli: { words: 'rack label', options: 'CAMERA WORD…' } },
  { id: 'camera.board', on: 'camera', group: 'Camera', title: 'Board', about: 'sensor, flash, partitions and firmware, as its console said them last', cli: { words: 'rack board', options: 'CAMERA' } },
  { id: 'camera.maintenance', on: 'camera', group: 'Camera', title: 'Set aside, or end maintenance', about: 'no job takes a camera that is set aside', cli: { words: 'rack maintenance', options: 'CAMERA on|off' } },
  { id: 'camera.picture', on: 'camera', group: 'Camera', title: 'Address of its picture', about: 'where its own image.jpg is asked for', cli: { words: 'rack picture', options: 'CAMERA URL' } },
  { id: 'camera.bundle', on: 'camera', group: 'Camera', title: 'Support bundle of the camera', about: 'what it said and what was done to it, without secrets', cli: { words: 'bundle', options: 'FILE --camera' } },
  { id: 'camera.remove', on: 'camera', group: 'Camera', title: 'Remove from the rack', about: 'its pod leaves this workbench, and nothing is switched or written; asks first', cli: { words: 'rack remove', options: 'POD --confirm' } },
  { id: 'camera.open', on: 'camera', group: 'Camera', title: 'Open the panel', about: 'what it does and what can be done' },
  { id: 'camera.select', on: 'camera', group: 'Camera', title: 'Select, or take out of the selection', about: 'for work on several' },
  { id: 'camera.power', on: 'camera', group: 'Power', title: 'Power', about: 'who switches it, and what it draws', explains: true, available: work('power') },
  { id: 'power.on', on: 'camera', group: 'Power', title: 'Power on', about: 'counts when it is read as on', keys: ['Alt+Shift+O'], cli: { words: 'power on', options: 'CAMERA' }, available: switching('on') },
  { id: 'power.off', on: 'camera', group: 'Power', title: 'Power off', about: 'counts when it is read as off', keys: ['Alt+Shift+F'], destructive: 'at-once', cli: { words: 'power off', options: 'CAMERA --force-name' }, available: switching('off') },
  { id: 'power.cycle', on: 'camera', group: 'Power', title: 'Power cycle', about: 'off, and on again', keys: ['Alt+Shift+C'], destructive: 'at-once', cli: { words: 'power cycle', options: 'CAMERA --force-name' }, available: cycling },
  { id: 'power.choose', on: 'camera', group: 'Power', title: 'Choose another power', about: 'who switches it; test a switch, keep its configuration', cli: { words: 'power test', options: '--host --poe-port' } },
  { id: 'power.audit', on: 'camera', group: 'Power', title: 'Keep the configuration of its switch', about: 'into a file, passwords masked; reads only', cli: { words: 'power audit', options: '--host' } },
  { id: 'console.open', on: 'camera', group: 'Console', title: 'Console', about: 'what it says, and typing', keys: ['Alt+C'], explains: true, available: work('console') },
  { id: 'console.full', on: 'camera', group: 'Console', title: 'Console over the whole middle', about: 'in the view of consoles' },
  { id: 'console.search', on: 'camera', group: 'Console', title: 'Search in the console', about: 'up and down in what is still on the screen', keys: ['Alt+Shift+S'] },
  { id: 'console.before', on: 'camera', group: 'Console', title: 'What the console said before', about: 'its captures at the newest line, also from before the workbench was started', cli: { words: 'captures list', options: '--camera' } },
  { id: 'console.address', on: 'camera', group: 'Console', title: 'Newest address in the console', about: 'a web address that the camera said: where it leads; asks before it is opened' },
  { id: 'console.copy', on: 'camera', group: 'Console', title: 'Copy the console', about: 'the selection, or everything', keys: ['Mod+Shift+C'] },
  { id: 'console.paste', on: 'camera', group: 'Console', title: 'Paste with pauses', about: 'several lines, no faster than the camera reads', available: typing },
  { id: 'console.sendFile', on: 'camera', group: 'Console', title: 'Send a file to the console', about: 'as it is, byte by byte; no XMODEM, YMODEM or ZMODEM', available: typing },
  { id: 'console.line', on: 'camera', group: 'Console', title: 'Line: break, DTR, RTS, baud', about: 'what the line of the console can do' },
  { id: 'console.take', on: 'camera', group: 'Console', title: 'Type here', about: 'takes the writing from whoever has it; they are told', keys: ['Alt+Shift+T'], available: typing },
  { id: 'console.give', on: 'camera', group: 'Console', title: 'Give the writing free', about: 'others may type then', available: typing },
  { id: 'console.release', on: 'camera', group: 'Console', title: 'Release the line', about: 'closes it, so that another program can open it', available: typing },
  { id: 'console.takeBack', on: 'camera', group: 'Console', title: 'Take the line back', about: 'opens a released line again', available: released },
  { id: 'console.macros', on: 'camera', group: 'Console', title: 'Macros', about: 'lines that are typed by a button', available: typing },
  { id: 'console.script', on: 'camera', group: 'Console', title: 'Script', about: 'sends, expects and waits by itself', available: typing, cli: { words: 'console script', options: 'FILE --port' } },
  { id: 'console.rules', on: 'camera', group: 'Console', title: 'Rules and alarms', about: 'what is noticed on consoles, and what was' },
  { id: 'console.terminal', on: 'camera', group: 'Console', title: 'Console as a terminal', about: 'as the camera draws it' },
  { id: 'console.lines', on: 'camera', group: 'Console', title: 'Console as lines', about: 'with times and directions' },
  { id: 'console.hex', on: 'camera', group: 'Console', title: 'Console as bytes', about: 'in hexadecimal' },
] as const satisfies readonly CommandOn<'camera'>[]
