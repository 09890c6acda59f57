"""The keypoint network: training regions, turned heads, figures."""
