import type { Role } from '../doors/doors.schema.ts'

/**
 * Who may call what through the REST door, by the path in the contract. A viewer only ever reads, so what is a viewer's is a GET.
 * What a new procedure needs is decided here: a test names those that are missing, and until then only an admin may call them.
 */
const names: Readonly<Record<Role, string>> = {
  viewer: `
    system.here system.watchStatus system.chips rack.watch rack.draw registry.watch registry.nodes registry.watchNodes registry.warnings
    consoles.watchWriter consoles.tools consoles.watchHits consoles.watchScript consoles.abilities consoles.typing consoles.watchMarks
    captures.sessions captures.status captures.search captures.newLines captures.read captures.timeline boots.list boots.compare captureSettings.read inventory.board rackFilters.list
    chips.list layout.view jobs.list jobs.watch jobs.watchList
    boardReleases.watch deviceUpdates.watch batch.list batch.watch batch.get batch.dashboard batch.items batch.compare fleet.watch fleet.watchCommands fleet.list fleet.get fleet.previewBulk fleet.bulk fleet.clients`,
  // Folders of the host and plans name files of the host, so they are no viewer's either.
  operator: `
    system.listFolder system.ports rack.power rack.openDemo rack.closeDemo inventory.change inventory.setMany inventory.identity inventory.discover inventory.planIdentify
    inventory.identify inventory.exportYaml inventory.planImport findPorts.units findPorts.look findPorts.find registry.add registry.publish registry.withdraw registry.setGroup
    power.testSwitch power.auditSwitch power.many consoles.takeWriter consoles.freeWriter consoles.release consoles.takeBack consoles.clearAlarms consoles.startScript
    consoles.stopScript consoles.broadcast consoles.type consoles.setLine consoles.setTyping captures.export bundle.plan bundle.make restore.plan restore.start restore.resume
    install.plan install.start chips.importProfiles chips.getUboot dump.plan dump.start burn.plan burn.start agent.plan agent.start diff.compare jobs.cancel jobs.report
    boardReleases.look boardReleases.build boardReleases.delta boardReleases.publish boardReleases.withdraw boardReleases.remove rackFilters.save rackFilters.remove deviceUpdates.read deviceUpdates.releases deviceUpdates.plan deviceUpdates.buildPackage
    deviceUpdates.start batch.read batch.check batch.start batch.pause batch.goOn batch.reorder batch.stop batch.report fleet.issue fleet.cancel fleet.issueBulk fleet.setClient fleet.clearAlert fleet.escalate`,
  admin: `
    rack.addPod rack.setPower rack.removePod inventory.assignPower inventory.importYaml findPorts.assign registry.setDoor pictures.setUrl
    audit.list audit.export audit.verify secrets.where consoles.saveTools captureSettings.change
    boardReleases.setMirror deviceUpdates.add deviceUpdates.remove deviceUpdates.acceptKey fleet.security fleet.setBroker fleet.addAccount approvals.watch approvals.decide`,
}

const wordsOf = (text: string): readonly string[] => text.trim().split(/\s+/)
const table = new Map((['viewer', 'operator', 'admin'] as const).flatMap((role) => wordsOf(names[role]).map((name) => [name, role] as const)))

export const listedProcedures = (): readonly string[] => [...table.keys()]
/** `path` as oRPC tells it: `['jobs', 'list']`. */
export const neededRole = (path: readonly string[]): Role => table.get(path.join('.')) ?? 'admin'
