export interface MockFacts {
  /** COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE is set. */
  readonly isAsked: boolean
  readonly helperIsMock: boolean
  /** Started by a service manager that watches us: a screen in the field, and no dry run. */
  readonly isUnderUnit: boolean
}

/** A dry run calls a reboot complete that never was. With a helper that reboots, or on a screen in the field, that would be a lie to the server. */
export function mayCompleteUnseen({ isAsked, helperIsMock, isUnderUnit }: MockFacts): { readonly allowed: boolean; readonly problem?: string } {
  if (!isAsked) return { allowed: false }
  if (!helperIsMock) return { allowed: false, problem: 'COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE is ignored: the helper is not the mock helper' }
  if (isUnderUnit) return { allowed: false, problem: 'COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE is ignored: this process runs as a service of systemd' }
  return { allowed: true }
}
