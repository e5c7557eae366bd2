//! Macros that run each test in both modes.

/// Makes two tests of each case, an async function that takes a [`Deployment`]: one in the embedded
/// mode, one in the shape of Google Cloud. Each test starts its own deployment, with the settings
/// that the function `$settings` returns.
///
/// [`Deployment`]: crate::deployment::Deployment
#[macro_export]
macro_rules! in_both_modes {
    ($settings:ident; $($case:ident),* $(,)?) => {
        mod embedded {
            $($crate::in_both_modes!(@test embedded, $settings, $case);)*
        }
        mod cloud {
            $($crate::in_both_modes!(@test cloud, $settings, $case);)*
        }
    };
    (@test $mode:ident, $settings:ident, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let deployment = $crate::deployment::Deployment::$mode(super::$settings()).await;
            super::$case(deployment).await;
        }
    };
}

/// Like [`in_both_modes`], but on the two deployments that all tests of this process share: for
/// cases that use tenants of their own and leave the deployment as they found it.
#[macro_export]
macro_rules! on_shared_deployments {
    ($($case:ident),* $(,)?) => {
        mod embedded {
            $($crate::on_shared_deployments!(@test embedded, $case);)*
        }
        mod cloud {
            $($crate::on_shared_deployments!(@test cloud, $case);)*
        }
    };
    (@test $mode:ident, $case:ident) => {
        #[tokio::test]
        async fn $case() {
            super::$case($crate::deployment::$mode()).await;
        }
    };
}
