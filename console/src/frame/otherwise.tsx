import { Component, type ReactNode } from 'react';

interface OtherwiseProps {
  readonly children: ReactNode;
  shown(error: unknown): ReactNode;
}

/** Shows something else in the place of what cannot be shown. */
export class Otherwise extends Component<OtherwiseProps, { readonly failed?: { readonly error: unknown } }> {
  override state: { readonly failed?: { readonly error: unknown } } = {};

  static getDerivedStateFromError = (error: unknown) => ({ failed: { error } });

  override render() {
    const { failed } = this.state;
    return failed ? this.props.shown(failed.error) : this.props.children;
  }
}
