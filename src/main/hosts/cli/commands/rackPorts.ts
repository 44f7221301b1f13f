import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { FindNews, FindPlan, FindPort, PortMatch, PortUnitView } from '../../../../shared/rack/findPorts.schema.ts'
import { quoted } from '../arguments.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { table, timeText } from '../output/words.ts'
import type { RackScene } from './rackScene.ts'

/** Ports of a switch that nobody has written down, and whose console is on them. Without `--yes` nothing is cut, and never a port that was not named. */
export async function portsOfRack(scene: RackScene): Promise<ExitCode> {
  const { words: [name, ...wanted], workbench, deps, teller, given } = scene
  const { signal } = deps.interrupt
  await workbench.inventories.openCameras((await workbench.inventories.list()).map(({ cameraId }) => cameraId), signal)
  const units = workbench.findPorts.units()
  if (name === undefined) {
    return teller.done(exitCodes.success, { units }, units.length === 0 ? 'The rack knows no switch with several ports: one of them has to be written down for a camera first' : table([['switch', 'kind', 'its ports'], ...units.map(({ id, kind, lists }) => [plainText(id, 80), kind, lists === 'itself' ? 'it lists them' : 'are to be named: 1-8'])]).join('\n'))
  }
  const unit = unitNamed(name, units)
  const plan = await workbench.findPorts.look({ unitId: unit.id, typed: wanted.join(' ') }, signal)
  teller.say('ports', plan, wordsOfPlan(plan))
  const ports = unit.lists === 'typed' ? plan.ports.map(({ port }) => port) : wanted
  if (ports.length === 0) return teller.done(exitCodes.success, { cut: false }, 'Nothing was cut; name the ports that may be')
  refuseWrong(ports, plan)
  if (!given.has('yes')) return teller.done(exitCodes.success, { cut: false }, `Nothing was cut; --yes cuts ${ports.join(', ')}, one after the other, in about ${timeText(ports.length * plan.perPortMs)}`)
  let matches: readonly PortMatch[] = []
  const confirm = given.text('confirm')
  for await (const news of workbench.findPorts.find({ unitId: unit.id, typed: wanted.join(' '), ports: [...ports], ...(confirm === undefined ? {} : { confirm }) }, signal)) {
    teller.say(`ports-${news.type}`, news, plainText(sentenceOf(news), 300))
    if (news.type === 'done') ({ matches } = news)
  }
  const summary = matches.length === 0 ? 'No port was found out' : matches.map(({ port, camera }) => `${port} feeds ${camera}`).join('; ')
  if (!given.has('assign') || matches.length === 0) return teller.done(exitCodes.success, { matches, assigned: false }, `${summary}${matches.length === 0 ? '' : '; --assign writes it down'}`)
  await workbench.findPorts.assign(unit.id, matches, signal)
  return teller.done(exitCodes.success, { matches, assigned: true }, `${summary}; written down`)
}

function unitNamed(name: string, units: readonly PortUnitView[]): PortUnitView {
  const wanted = name.toLowerCase()
  const exact = units.filter(({ id }) => id.toLowerCase() === wanted)
  const found = exact.length > 0 ? exact : units.filter(({ id }) => id.toLowerCase().split(/[ :]/).includes(wanted))
  const [unit] = found
  if (!unit) throw new WorkbenchError('input/not-found', `The rack knows no switch ${quoted(name)}`, { hint: '"rackbench rack ports" names those that it knows' })
  if (found.length > 1) throw new WorkbenchError('input/conflict', `${quoted(name)} fits ${found.length} switches`, { hint: `One of: ${found.map(({ id }) => `"${id}"`).join(', ').slice(0, 300)}` })
  return unit
}

function refuseWrong(ports: readonly string[], plan: FindPlan): void {
  for (const port of ports) {
    const known = plan.ports.find((each) => each.port === port)
    if (!known) throw new WorkbenchError('input/not-found', `${plan.unit.label} has no port ${quoted(port)}`, { hint: 'Nothing was cut' })
    if (known.why !== undefined) throw new WorkbenchError('input/conflict', `Port ${port} is not cut: ${known.why}`, { hint: 'Nothing was cut; leave it out' })
  }
}

const readingOf = ({ state, watts, link }: FindPort): string =>
  [state === 'none' ? 'no PoE' : state === 'unknown' ? 'not told' : state, watts === undefined ? '' : `${String(watts)} W`, link === undefined ? '' : `link ${link}`].filter(Boolean).join(', ')

const wordsOfPlan = ({ unit, ports, watched, skipped }: FindPlan): string => [
  `${plainText(unit.label, 80)}:`,
  ...table([['port', 'comment', 'now', 'may be cut'], ...ports.map((port) => [plainText(port.port, 40), plainText(port.comment, 60), readingOf(port), port.why === undefined ? 'yes' : `no: ${plainText(port.why, 120)}`])]),
  `Watched: ${plainText(watched.map(({ camera }) => camera).join(', '), 300) || 'no console'}`,
  ...skipped.map(({ camera, why }) => `  not ${plainText(camera, 40)}: ${plainText(why, 160)}`),
].join('\n')

function sentenceOf(news: FindNews): string {
  switch (news.type) {
    case 'cutting': return `Cutting port ${news.port}`
    case 'skipped': return `Not cut: port ${news.port}: ${news.why}`
    case 'seen': return `Port ${news.port}: ${news.answered.length === 0 ? 'no console answered' : news.match ? `${news.match.camera} answered` : `several answered (${news.answered.map(({ camera }) => camera).join(', ')}), which tells nothing`}; ${news.after === 'on' ? 'on again, read back' : 'told to be on again, and cannot be asked'}`
    case 'done': return ''
  }
}
