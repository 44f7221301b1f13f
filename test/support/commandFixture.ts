import type { FleetCommand } from '../../src/shared/fleet/commandView.schema.ts'

export const clientA = '9b8d1856-ff34-4864-a726-12de072d0f77'
export const clientB = '11111111-2222-4333-8444-555555555555'
export const someCommandId = '5d1f8b4b-7e85-44fb-8f38-3f5d5da5e2e4'

/** Issued at 0, for 240 s. */
export const newCommand = (more: Partial<FleetCommand> = {}): FleetCommand => ({
  id: someCommandId, clientUuid: clientA, action: 'reboot_host', requestedBy: null, reason: null,
  issuedAt: '2026-05-12T00:00:00.000Z', expiresAt: '2026-05-12T00:04:00.000Z', expiresWallMs: 240_000, issuedAtMs: 0, expiresAtMs: 240_000,
  state: 'queued', times: { queued: 0 }, overdue: false, untimed: false, via: 'here', ...more,
})
